//! Lists the runs of a job, newest first.

use axum::Json;
use drover_domain::{ExecutionId, JobId, Page, Result, rfc3339, timestamp};
use drover_store::executions::queries::{Filter, JobRun, execution_count, job_runs};
use drover_wire::jobs::{JobExecution, JobExecutionList, JobExecutions};

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id, Query};

/// Answers a part of the list, with the number of all runs.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<String>,
    Query(query): Query<JobExecutionList>,
) -> Reply<JobExecutions> {
    Ok(Json(executions(&ctx, &id, &query.page()?).await?))
}

async fn executions(ctx: &Ctx, id: &str, page: &Page) -> Result<JobExecutions> {
    let job = JobId::stored(get::get(ctx, id).await?.id);
    let runs = job_runs(ctx.read(), ctx.org(), &job, page).await?;
    let filter = Filter { job_id: Some(job.clone()), ..Filter::default() };
    let total = execution_count(ctx.read(), ctx.org(), &filter).await?;
    Ok(JobExecutions {
        job_id: job.to_string(),
        total_count: total,
        total,
        executions: runs.into_iter().map(item).collect(),
    })
}

fn item(run: JobRun) -> JobExecution {
    let id = ExecutionId(run.id).to_string();
    let time = |at: i64| rfc3339(timestamp(at));
    let took = run.started_at.zip(run.completed_at).map(|(from, to)| (to - from) / 1000);
    JobExecution {
        execution_id: id.clone(),
        id,
        // A run may have been started otherwise than its job is now.
        trigger_type: run.trigger_source.trim_start_matches("job_").to_owned(),
        status: run.status,
        entity_name: run.entity_name,
        created_at: time(run.created_at),
        started_at: run.started_at.map(time),
        completed_at: run.completed_at.map(time),
        duration_ms: took,
        error_message: run.error_message,
        trigger_metadata: Some(run.execution_metadata).filter(|metadata| metadata.is_object()),
    }
}
