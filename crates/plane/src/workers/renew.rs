//! A worker's sign of life, with which it renews its leases and hears what it must stop.

use std::time::Duration;

use axum::Json;
use drover_domain::{ActivityId, Result, WorkerId};
use drover_store::workers::queries::{Sign, worker_heard};
use drover_wire::workers::{WorkerRenew, WorkerRenewed};
use tokio::time::{Instant, sleep_until};

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Renews a worker's leases, and tells it what to stop.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<WorkerId>,
    Body(body): Body<WorkerRenew>,
) -> Reply<WorkerRenewed> {
    Ok(Json(WorkerRenewed { stop: renew(&ctx, id, body).await? }))
}

async fn renew(ctx: &Ctx, id: WorkerId, body: WorkerRenew) -> Result<Vec<ActivityId>> {
    let plane = ctx.plane();
    let worker = plane.workers.get(ctx, id).await?;
    let held = &body.activities;
    let sign = Sign {
        status: if held.is_empty() { "idle" } else { "busy" }.to_owned(),
        tasks_processed: body.tasks_processed,
        current_task_id: held.first().map(ToString::to_string),
        ..Sign::default()
    };
    let mut set = ctx.set();
    worker_heard(&mut set, ctx.org(), id, sign, ctx.now());
    ctx.write(set).await?;
    plane.embedded.heartbeat(&worker.taker, held).await?;
    let deadline = Instant::now() + Duration::from_secs(body.wait_seconds.into());
    loop {
        // Before the look, so that no stop falls in between.
        let next_stop = plane.hub.next_stop();
        let lost = plane.embedded.lost_of(&worker.taker, held).await?;
        lost.iter().for_each(|id| worker.leases.remove(*id));
        if !lost.is_empty() {
            return Ok(lost);
        }
        tokio::select! {
            biased;
            stop = worker.taker.stops() => return Ok(stop),
            () = worker.taker.gone().cancelled() => return Ok(Vec::new()),
            () = plane.stopping.cancelled() => return Ok(Vec::new()),
            // Perhaps of what another process leased to it.
            () = next_stop, if plane.store.is_shared() => {}
            () = sleep_until(deadline) => return Ok(Vec::new()),
        }
    }
}
