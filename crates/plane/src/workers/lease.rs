//! Leasing an activity that a worker was given by Temporal.

use axum::Json;
use drover_domain::executions::Next;
use drover_domain::{ActivityId, Result, WorkerId};
use drover_wire::workers::ActivityLease;

use super::variables::handed_over;
use crate::activities::{self, LeasedTask};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Ids};

/// Leases it, or says what comes next in its run: the workflow's knowledge may be old.
pub async fn handler(
    Caller(ctx): Caller,
    Ids(worker, activity): Ids<WorkerId, ActivityId>,
) -> Reply<ActivityLease> {
    Ok(Json(lease(&ctx, worker, activity).await?))
}

async fn lease(ctx: &Ctx, worker: WorkerId, activity: ActivityId) -> Result<ActivityLease> {
    let plane = ctx.plane();
    let worker = plane.workers.get(ctx, worker).await?;
    let Some((offer, execution)) = plane.embedded.given(&worker.taker, ctx.org(), activity).await?
    else {
        // Deleted with its run, or never there: its workflow has nothing to drive.
        return Ok(ActivityLease { task: None, next: Next::End });
    };
    let leased = activities::lease(plane, offer).await?.map(|LeasedTask { leased, task }| {
        worker.leases.insert(leased);
        handed_over(plane, task)
    });
    let task = leased.transpose()?;
    let next = plane.embedded.next(ctx.org(), execution, activity).await?;
    Ok(ActivityLease { task, next })
}
