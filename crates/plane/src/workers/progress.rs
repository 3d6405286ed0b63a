//! Storing what happened in an activity that a worker executes elsewhere.

use axum::Json;
use drover_domain::{ActivityId, Error, Result, WorkerId};
use drover_wire::Nothing;
use drover_wire::workers::ActivityProgress;

use super::registry::lost;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Ids, Report};

/// Answers after it is stored.
pub async fn handler(
    Caller(ctx): Caller,
    Ids(worker, activity): Ids<WorkerId, ActivityId>,
    Report(body): Report<ActivityProgress>,
) -> Reply<Nothing> {
    progress(&ctx, worker, activity, body).await?;
    Ok(Json(Nothing {}))
}

async fn progress(
    ctx: &Ctx,
    worker: WorkerId,
    activity: ActivityId,
    body: ActivityProgress,
) -> Result<()> {
    let plane = ctx.plane();
    let worker = plane.workers.get(ctx, worker).await?;
    let leased = worker.leased(plane, activity, body.attempt).await.map_err(lost)?;
    let appended = plane.embedded.append(&leased, Some(body.number), body.progress).await;
    if matches!(appended, Err(Error::Stale)) {
        plane.embedded.abandon(&leased);
        worker.leases.remove(activity);
    }
    appended.map_err(lost)
}
