//! Lets a job be triggered.

use axum::Json;
use drover_domain::jobs::JobDraft;
use drover_wire::jobs::JobResponse;

use super::{update, view};
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers the job, with its next fire if it has a schedule; the same for one that is enabled.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<String>) -> Reply<JobResponse> {
    let enabled = JobDraft { enabled: Some(true), ..JobDraft::default() };
    let job = update::change(&ctx, &id, &enabled, "jobs.enable").await?;
    Ok(Json(view::reply_with_counts(&ctx, job).await?))
}
