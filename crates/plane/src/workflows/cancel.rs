//! Cancelling a workflow and its run.

use axum::Json;
use drover_domain::{ExecutionId, Result};
use drover_wire::executions::Cancelled;
use drover_wire::workflows::WorkflowRun;

use super::get::row;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::cancel;
use crate::extract::{Caller, Id, Query};

/// Answers after the run is `cancelled`.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<String>,
    Query(_): Query<WorkflowRun>,
) -> Reply<Cancelled> {
    Ok(Json(of_workflow(&ctx, &id).await?))
}

async fn of_workflow(ctx: &Ctx, id: &str) -> Result<Cancelled> {
    let run = ExecutionId(row(ctx, id).await?.id);
    cancel::cancel(ctx, run).await
}
