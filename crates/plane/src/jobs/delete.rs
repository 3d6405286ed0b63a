//! Deletes a job.

use axum::Json;
use drover_domain::{Error, JobId, Result};
use drover_store::jobs::queries;
use drover_wire::Nothing;

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers nothing. The job's runs stay, and go on.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<String>) -> Reply<Nothing> {
    delete(&ctx, &id).await?;
    Ok(Json(Nothing {}))
}

async fn delete(ctx: &Ctx, id: &str) -> Result<()> {
    let job = get::get(ctx, id).await?;
    let mut set = ctx.set();
    queries::job_delete(&mut set, ctx.org(), &JobId::stored(job.id));
    ctx.audit(&mut set, "jobs.delete", id);
    set.changes_catalogue(ctx.org());
    ctx.write(set).await.map_err(|error| match error {
        // Somebody else deleted it first.
        Error::Stale => Error::not_found(format!("Job {id} not found")),
        other => other,
    })
}
