//! Showing a workflow.

use axum::Json;
use drover_domain::{Error, ExecutionId, Result, micros};
use drover_store::executions::entity;
use drover_store::executions::log::head_get;
use drover_store::executions::queries::execution_get;
use drover_wire::workflows::{WorkflowDetails, WorkflowGet};

use super::view;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::terminate::RunRef;
use crate::executions::view::workflow_id;
use crate::extract::{Caller, Id, Query};

/// Shows it with how it went.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<String>,
    Query(query): Query<WorkflowGet>,
) -> Reply<WorkflowDetails> {
    Ok(Json(get(&ctx, &id, &query).await?))
}

async fn get(ctx: &Ctx, id: &str, query: &WorkflowGet) -> Result<WorkflowDetails> {
    let row = row(ctx, id).await?;
    let history_length = head_get(ctx.read(), ExecutionId(row.id)).await?;
    let until = row.completed_at.unwrap_or_else(|| micros(ctx.now()));
    let lasted = row.started_at.map_or(0, |started| until.saturating_sub(started).max(0));
    let result = row.response.clone().filter(|_| query.include_result == Some(true));
    Ok(WorkflowDetails {
        execution_duration_ms: milliseconds(lasted),
        attempt: 1,
        history_length,
        error: row.error_message.clone(),
        result,
        workflow: view::workflow(row.into()),
    })
}

/// The run whose workflow has this id, of the caller's organization. Its own id will do.
pub(super) async fn row(ctx: &Ctx, id: &str) -> Result<entity::Model> {
    let absent = || Error::not_found("Workflow not found");
    let RunRef(run) = id.parse().map_err(|_| absent())?;
    let row = execution_get(ctx.read(), ctx.org(), run).await?.ok_or_else(absent)?;
    let is_of_run = id.parse::<ExecutionId>().is_ok();
    let is_meant = is_of_run || id == workflow_id(&row.execution_type, run);
    if is_meant { Ok(row) } else { Err(absent()) }
}

#[expect(clippy::cast_precision_loss, reason = "a run does not last for centuries")]
fn milliseconds(micros: i64) -> f64 {
    micros as f64 / 1000.0
}
