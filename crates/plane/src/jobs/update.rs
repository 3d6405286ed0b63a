//! Changes a job.

use axum::Json;
use drover_domain::jobs::{JobDraft, JobPlan};
use drover_domain::{Error, Result};
use drover_store::jobs::entity::Model;
use drover_store::jobs::queries;
use drover_wire::jobs::{JobResponse, JobUpdate};

use super::{get, row, view};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Times a change is tried while others change the same job.
const TRIES: usize = 20;

/// Answers the changed job.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<String>,
    Body(body): Body<JobUpdate>,
) -> Reply<JobResponse> {
    let job = update(&ctx, &id, body.into()).await?;
    Ok(Json(view::reply_with_counts(&ctx, job).await?))
}

async fn update(ctx: &Ctx, id: &str, update: JobDraft) -> Result<Model> {
    if update.is_empty() {
        return Err(Error::refused("No fields to update"));
    }
    change(ctx, id, &update, "jobs.update").await
}

/// Lays a change over the job as it is; over what somebody else made of it, if they were first.
pub(super) async fn change(ctx: &Ctx, id: &str, update: &JobDraft, action: &str) -> Result<Model> {
    for _ in 0..TRIES {
        let stored = get::get(ctx, id).await?;
        let read_at = stored.updated_at;
        let plan = JobPlan::update(row::draft(&stored), update.clone()).map_err(Error::Invalid)?;
        let job = row::touched(ctx, row::with_plan(ctx, stored, plan).await?);
        let mut set = ctx.set();
        queries::job_update(&mut set, ctx.org(), job.clone(), read_at);
        ctx.audit(&mut set, action, &job.id);
        set.changes_catalogue(ctx.org());
        match ctx.write(set).await {
            Ok(()) => return Ok(job),
            Err(Error::Stale) => {}
            Err(other) => return Err(other),
        }
    }
    Err(Error::Stale)
}
