//! Reads a run.

use axum::Json;
use drover_domain::{Error, ExecutionId, Result};
use drover_store::executions::{entity, queries};
use drover_wire::executions::ExecutionReply;

use super::view;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers the run.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<ExecutionId>) -> Reply<ExecutionReply> {
    let row = get(&ctx, id).await?;
    Ok(Json(view::reply_with_last_message(ctx.plane(), ctx.org(), row).await?))
}

/// The run's row, of the caller's organization.
pub async fn get(ctx: &Ctx, id: ExecutionId) -> Result<entity::Model> {
    let row = queries::execution_get(ctx.read(), ctx.org(), id).await?;
    row.ok_or_else(|| Error::not_found("Execution not found"))
}
