//! Ending a workflow and its run with a reason.

use axum::Json;
use drover_domain::{ExecutionId, Result};
use drover_wire::executions::Terminated;
use drover_wire::workflows::{WorkflowRun, WorkflowTerminate};

use super::get::row;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::terminate;
use crate::extract::{Body, Caller, Id, Query};

/// Why, where nobody says it.
const REASON: &str = "no reason given";

/// Answers after the run is over.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<String>,
    Query(_): Query<WorkflowRun>,
    Body(body): Body<WorkflowTerminate>,
) -> Reply<Terminated> {
    Ok(Json(of_workflow(&ctx, &id, body.reason).await?))
}

async fn of_workflow(ctx: &Ctx, id: &str, reason: Option<String>) -> Result<Terminated> {
    let run = ExecutionId(row(ctx, id).await?.id);
    let reason = reason.filter(|reason| !reason.is_empty());
    terminate::terminate(ctx, run, reason.unwrap_or_else(|| REASON.to_owned())).await
}
