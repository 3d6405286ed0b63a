//! Lists jobs, newest first.

use axum::Json;
use drover_domain::{JobId, Result};
use drover_store::executions::queries::jobs_counts;
use drover_store::jobs::queries::{self, Filter};
use drover_wire::jobs::{JobList, JobResponse};

use super::view;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Query};

/// Answers a bare array.
pub async fn handler(Caller(ctx): Caller, Query(query): Query<JobList>) -> Reply<Vec<JobResponse>> {
    let filter = Filter { enabled: query.enabled, trigger_type: query.trigger_type };
    Ok(Json(list(&ctx, &filter).await?))
}

async fn list(ctx: &Ctx, filter: &Filter) -> Result<Vec<JobResponse>> {
    let jobs = queries::job_list(ctx.read(), ctx.org(), filter).await?;
    let ids: Vec<_> = jobs.iter().map(|job| JobId::stored(job.id.clone())).collect();
    let mut counts = jobs_counts(ctx.read(), ctx.org(), &ids).await?;
    let with_counts = jobs.into_iter().zip(&ids);
    Ok(with_counts
        .map(|(job, id)| view::reply(ctx, job, counts.remove(id).unwrap_or_default()))
        .collect())
}
