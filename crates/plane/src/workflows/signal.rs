//! Saying something to a workflow.

use axum::Json;
use drover_domain::{Error, ExecutionId, Result};
use drover_wire::workflows::{WorkflowRun, WorkflowSignal, WorkflowSignalled};

use super::get::row;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::mark_done::mark_done;
use crate::executions::message::message;
use crate::executions::view::workflow_id;
use crate::extract::{Body, Caller, Id, Query};

/// Answers after what it says is stored; a run that is over refuses it.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<String>,
    Query(_): Query<WorkflowRun>,
    Body(body): Body<WorkflowSignal>,
) -> Reply<WorkflowSignalled> {
    Ok(Json(signal(&ctx, &id, body).await?))
}

async fn signal(ctx: &Ctx, id: &str, body: WorkflowSignal) -> Result<WorkflowSignalled> {
    let row = row(ctx, id).await?;
    let run = ExecutionId(row.id);
    let message_id = if body.marks_done() {
        mark_done(ctx, run).await?;
        None
    } else {
        let absent = || Error::invalid("args", "missing", "Field required");
        let text = body.message().ok_or_else(absent)?.to_owned();
        Some(message(ctx, run, text).await?)
    };
    Ok(WorkflowSignalled {
        success: true,
        workflow_id: workflow_id(&row.execution_type, run),
        execution_id: run.to_string(),
        signal_name: body.signal_name,
        message_id,
    })
}
