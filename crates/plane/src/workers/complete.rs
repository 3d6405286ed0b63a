//! Recording how an activity ended that a worker executed elsewhere.

use axum::Json;
use drover_domain::{ActivityId, Error, Result, WorkerId};
use drover_wire::Nothing;
use drover_wire::workers::ActivityEnd;

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Ids, Report};

/// Answers after it is recorded. A repeated or late report changes nothing and is answered as if it
/// had: the worker is done with it either way.
pub async fn handler(
    Caller(ctx): Caller,
    Ids(worker, activity): Ids<WorkerId, ActivityId>,
    Report(body): Report<ActivityEnd>,
) -> Reply<Nothing> {
    complete(&ctx, worker, activity, body).await?;
    Ok(Json(Nothing {}))
}

async fn complete(
    ctx: &Ctx,
    worker: WorkerId,
    activity: ActivityId,
    body: ActivityEnd,
) -> Result<()> {
    let plane = ctx.plane();
    let worker = plane.workers.get(ctx, worker).await?;
    let leased = match worker.leased(plane, activity, body.attempt).await {
        Err(Error::Stale) => return Ok(()),
        leased => leased?,
    };
    let completed = plane.embedded.complete(&leased, body.outcome).await;
    // A disk that refuses for the moment is asked again; anything else is the end of the lease.
    if !matches!(completed, Err(Error::Unavailable(_))) {
        worker.leases.remove(activity);
    }
    completed
}
