//! Keeps a job from being triggered.

use axum::Json;
use drover_domain::jobs::JobDraft;
use drover_wire::jobs::JobResponse;

use super::{update, view};
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers the job; the same for one that is disabled. Its active runs go on.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<String>) -> Reply<JobResponse> {
    let disabled = JobDraft { enabled: Some(false), ..JobDraft::default() };
    let job = update::change(&ctx, &id, &disabled, "jobs.disable").await?;
    Ok(Json(view::reply_with_counts(&ctx, job).await?))
}
