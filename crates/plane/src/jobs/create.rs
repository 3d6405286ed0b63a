//! Makes a job.

use axum::Json;
use drover_domain::jobs::JobPlan;
use drover_domain::{Error, Result};
use drover_store::executions::queries::JobCounts;
use drover_store::jobs::entity::Model;
use drover_store::jobs::queries;
use drover_wire::jobs::{JobCreate, JobResponse};

use super::{row, view};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller};

/// Answers the job. What it names need not exist, and no worker need be alive: both are looked for
/// when it runs.
pub async fn handler(Caller(ctx): Caller, Body(body): Body<JobCreate>) -> Reply<JobResponse> {
    let plan = JobPlan::create(body.into()).map_err(Error::Invalid)?;
    let job = create(&ctx, plan).await?;
    Ok(Json(view::reply(&ctx, job, JobCounts::default())))
}

async fn create(ctx: &Ctx, plan: JobPlan) -> Result<Model> {
    let job = row::with_plan(ctx, row::blank(ctx), plan).await?;
    let mut set = ctx.set();
    queries::job_insert(&mut set, job.clone());
    ctx.audit(&mut set, "jobs.create", &job.id);
    set.changes_catalogue(ctx.org());
    ctx.write(set).await?;
    Ok(job)
}
