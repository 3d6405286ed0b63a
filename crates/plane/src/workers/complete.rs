//! Recording how an activity ended that a worker executed elsewhere.

use axum::Json;
use drover_domain::executions::Next;
use drover_domain::workers::WorkerKind;
use drover_domain::{ActivityId, Error, Result, WorkerId};
use drover_wire::workers::{ActivityEnd, ActivityEnded};

use super::registry::Worker;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Ids, Report};

/// Answers after it is recorded. A repeated or late report changes nothing and is answered as if it
/// had: the worker is done with it either way.
pub async fn handler(
    Caller(ctx): Caller,
    Ids(worker, activity): Ids<WorkerId, ActivityId>,
    Report(body): Report<ActivityEnd>,
) -> Reply<ActivityEnded> {
    Ok(Json(complete(&ctx, worker, activity, body).await?))
}

async fn complete(
    ctx: &Ctx,
    worker: WorkerId,
    activity: ActivityId,
    body: ActivityEnd,
) -> Result<ActivityEnded> {
    let plane = ctx.plane();
    let worker = plane.workers.get(ctx, worker).await?;
    let leased = match worker.leased(plane, activity, body.attempt).await {
        Err(Error::Stale) => return after(ctx, &worker, activity).await,
        leased => leased?,
    };
    let completed = plane.embedded.complete(&leased, body.outcome).await;
    // A disk that refuses for the moment is asked again; anything else is the end of the lease.
    if !matches!(completed, Err(Error::Unavailable(_))) {
        worker.leases.remove(activity);
    }
    completed?;
    after(ctx, &worker, activity).await
}

async fn after(ctx: &Ctx, worker: &Worker, activity: ActivityId) -> Result<ActivityEnded> {
    if worker.kind != WorkerKind::Temporal {
        return Ok(ActivityEnded { next: None });
    }
    let embedded = &ctx.plane().embedded;
    let next = match embedded.run_of(&worker.taker, ctx.org(), activity).await? {
        Some(execution) => embedded.next(ctx.org(), execution, activity).await?,
        // Deleted meanwhile.
        None => Next::End,
    };
    Ok(ActivityEnded { next: Some(next) })
}
