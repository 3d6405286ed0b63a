//! Deleting an agent.

use axum::Json;
use drover_domain::{AgentId, Error, Result};
use drover_store::agents::queries;
use drover_store::skills::Holder;
use drover_store::skills::queries::associations_delete;
use drover_wire::Nothing;

use super::get::absent;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Deletes an agent.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<AgentId>) -> Reply<Nothing> {
    delete(&ctx, id).await?;
    Ok(Json(Nothing {}))
}

/// Deletes an agent with what it holds. Its runs stay.
async fn delete(ctx: &Ctx, id: AgentId) -> Result<()> {
    queries::agent_get(ctx.read(), ctx.org(), id).await?.ok_or_else(absent)?;
    let mut set = ctx.set();
    associations_delete(&mut set, ctx.org(), Holder::Agent, id.0);
    queries::agent_delete(&mut set, ctx.org(), id);
    ctx.audit(&mut set, "agents.delete", id);
    set.changes_catalogue(ctx.org());
    // Stale: somebody else deleted it since it was read.
    ctx.write(set).await.map_err(
        |error| {
            if matches!(error, Error::Stale) { absent() } else { error }
        },
    )
}
