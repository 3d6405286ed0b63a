//! Reads a job.

use axum::Json;
use drover_domain::{Error, JobId, Result};
use drover_store::jobs::entity::Model;
use drover_store::jobs::queries;
use drover_wire::jobs::JobResponse;

use super::view;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers the job.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<String>) -> Reply<JobResponse> {
    let job = get(&ctx, &id).await?;
    Ok(Json(view::reply_with_counts(&ctx, job).await?))
}

/// The job's row, of the caller's organization. Whatever is not the id of such a job is not found.
pub async fn get(ctx: &Ctx, id: &str) -> Result<Model> {
    let unknown = || Error::not_found(format!("Job {id} not found"));
    let job: JobId = id.parse().map_err(|_| unknown())?;
    queries::job_get(ctx.read(), ctx.org(), &job).await?.ok_or_else(unknown)
}
