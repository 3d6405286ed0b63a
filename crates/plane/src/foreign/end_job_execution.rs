//! Taking how a run of a job ended. Jobs count by their runs, so there is no second place to write it.

use axum::Json;
use drover_domain::executions::Status;
use drover_domain::{ExecutionId, JobId, Result};
use drover_engine::{Run, StatusPatch};
use drover_wire::foreign::{JobExecutionEnd, JobExecutionEnded};

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::get;
use crate::extract::{Body, Caller, Ids};

/// Answers after it is stored.
pub async fn handler(
    Caller(ctx): Caller,
    Ids(id, job): Ids<ExecutionId, String>,
    Body(body): Body<JobExecutionEnd>,
) -> Reply<JobExecutionEnded> {
    Ok(Json(end(&ctx, id, job, body).await?))
}

async fn end(
    ctx: &Ctx,
    id: ExecutionId,
    job: String,
    body: JobExecutionEnd,
) -> Result<JobExecutionEnded> {
    let row = get::get(ctx, id).await?;
    let is_its = job.parse().is_ok_and(|job: JobId| row.job_id.as_deref() == Some(job.as_str()));
    let status = Status::parse(&body.status).filter(|status| status.is_terminal());
    if is_its && Run::from_row(&row)?.flow.foreign.is_some() {
        // Its workflow has mostly said so; if it broke before, this is the last that is heard.
        let error_message = body.error_message;
        let patch = StatusPatch { status, error_message, ..StatusPatch::default() };
        ctx.plane().embedded.foreign_patch(ctx.org(), id, &patch, false).await?;
    }
    Ok(JobExecutionEnded {
        job_id: job,
        execution_id: id.to_string(),
        status: if is_its { "updated" } else { "not_found" }.to_owned(),
    })
}
