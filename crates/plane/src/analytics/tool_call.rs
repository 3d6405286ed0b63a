//! Recording a tool call.

use axum::Json;
use drover_domain::{Error, ExecutionId, Result};
use drover_store::analytics::queries::turn_exists;
use drover_wire::analytics::{ToolCallCreate, ToolCallRecorded};
use uuid::Uuid;

use super::rows;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::get;
use crate::extract::{Caller, Report};

/// Answers after it is recorded.
pub async fn handler(
    Caller(ctx): Caller,
    Report(body): Report<ToolCallCreate>,
) -> Reply<ToolCallRecorded> {
    let tool_call_id = record(&ctx, &body).await?;
    Ok(Json(ToolCallRecorded { success: true, tool_call_id }))
}

async fn record(ctx: &Ctx, body: &ToolCallCreate) -> Result<String> {
    let id = rows::execution_id(&body.execution_id)?;
    get::get(ctx, id).await?;
    let turn = turn(ctx, id, body, "").await?;
    let row = rows::tool_call(ctx, id, turn, body, "")?;
    let call = row.id.to_string();
    let mut set = ctx.set();
    set.insert(row);
    ctx.write(set).await?;
    Ok(call)
}

/// The turn that a call names.
///
/// # Errors
/// A violation if the run has no such turn.
pub(super) async fn turn(
    ctx: &Ctx,
    execution: ExecutionId,
    body: &ToolCallCreate,
    at: &str,
) -> Result<Option<Uuid>> {
    let Some(text) = &body.turn_id else {
        return Ok(None);
    };
    let id = Uuid::try_parse(text).ok();
    if let Some(id) = id
        && turn_exists(ctx.read(), ctx.org(), execution, id).await?
    {
        return Ok(Some(id));
    }
    let rule = "Input should be the id of a turn of this execution";
    Err(Error::invalid(&format!("{at}turn_id"), "value_error", rule))
}
