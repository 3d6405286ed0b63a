//! Recording a task that an agent set itself.

use axum::Json;
use drover_domain::Result;
use drover_wire::analytics::{TaskCreate, TaskRecorded};

use super::rows;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::get;
use crate::extract::{Body, Caller};

/// Answers after it is recorded.
pub async fn handler(Caller(ctx): Caller, Body(body): Body<TaskCreate>) -> Reply<TaskRecorded> {
    let task_id = record(&ctx, &body).await?;
    Ok(Json(TaskRecorded { success: true, task_id }))
}

async fn record(ctx: &Ctx, body: &TaskCreate) -> Result<String> {
    let id = rows::execution_id(&body.execution_id)?;
    get::get(ctx, id).await?;
    let row = rows::task(ctx, id, body, "")?;
    let task = row.id.to_string();
    let mut set = ctx.set();
    set.insert(row);
    ctx.write(set).await?;
    Ok(task)
}
