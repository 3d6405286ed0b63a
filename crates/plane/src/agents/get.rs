//! Showing an agent.

use axum::Json;
use drover_domain::{AgentId, Error, Result};
use drover_store::agents::queries;
use drover_wire::agents::AgentResponse;

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Shows an agent.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<AgentId>) -> Reply<AgentResponse> {
    Ok(Json(get(&ctx, id).await?))
}

/// An agent with its skills and environments.
pub(super) async fn get(ctx: &Ctx, id: AgentId) -> Result<AgentResponse> {
    let found = queries::agent_get(ctx.read(), ctx.org(), id).await?;
    let shown = show::show(ctx, found.into_iter().collect()).await?;
    shown.into_iter().next().ok_or_else(absent)
}

/// That there is no such agent.
pub(crate) fn absent() -> Error {
    Error::not_found("Agent not found")
}
