//! Recording how a task goes.

use axum::Json;
use drover_domain::{Error, Result};
use drover_store::analytics::queries::{TaskChange, task_update};
use drover_wire::analytics::{TaskRecorded, TaskUpdate};
use uuid::Uuid;

use super::rows::optional_instant;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Answers after it is recorded.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<Uuid>,
    Body(body): Body<TaskUpdate>,
) -> Reply<TaskRecorded> {
    record(&ctx, id, body).await?;
    Ok(Json(TaskRecorded { success: true, task_id: id.to_string() }))
}

async fn record(ctx: &Ctx, id: Uuid, body: TaskUpdate) -> Result<()> {
    let change = TaskChange {
        status: body.status,
        completed_at: optional_instant("completed_at", body.completed_at.as_deref())?,
        duration_ms: body.duration_ms,
        result: body.result,
        error_message: body.error_message,
    };
    let mut set = ctx.set();
    task_update(&mut set, ctx.org(), id, change, ctx.now());
    ctx.write(set).await.map_err(|error| match error {
        Error::Stale => Error::not_found("Task not found"),
        error => error,
    })
}
