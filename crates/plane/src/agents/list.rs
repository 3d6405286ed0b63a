//! Listing agents.

use axum::Json;
use axum::http::HeaderName;
use axum::response::AppendHeaders;
use drover_domain::Result;
use drover_store::agents::queries;
use drover_wire::agents::{AgentList, AgentResponse};

use super::show;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::extract::{Caller, Query};

/// Where the next page begins; absent on the last one.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

type Listed = (AppendHeaders<Option<(HeaderName, String)>>, Json<Vec<AgentResponse>>);

/// Lists agents, newest first.
pub async fn handler(
    Caller(ctx): Caller,
    Query(query): Query<AgentList>,
) -> Result<Listed, Failure> {
    let (agents, next) = list(&ctx, &query).await?;
    Ok((AppendHeaders(next.map(|cursor| (NEXT_CURSOR, cursor))), Json(agents)))
}

/// A page of agents, and the cursor of the next.
async fn list(ctx: &Ctx, query: &AgentList) -> Result<(Vec<AgentResponse>, Option<String>)> {
    let page = query.page()?;
    let status = query.status_filter.as_deref();
    let mut look_ahead = page.clone();
    look_ahead.limit += 1;
    let mut agents = queries::agent_list(ctx.read(), ctx.org(), status, &look_ahead).await?;
    let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = agents.len() > wanted;
    agents.truncate(wanted);
    let next = agents.last().filter(|_| more).map(queries::cursor);
    Ok((show::show(ctx, agents).await?, next))
}
