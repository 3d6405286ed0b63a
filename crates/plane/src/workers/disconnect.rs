//! Letting a worker leave.

use axum::Json;
use drover_domain::executions::foreign::Report;
use drover_domain::{Error, QueueId, Result, WorkerId};
use drover_store::workers::queries;
use drover_wire::Nothing;
use drover_wire::workers::WorkerDisconnectRequest;

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Lets a worker leave; what it had leased goes on elsewhere. Leaving twice is leaving once.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<WorkerId>,
    Body(body): Body<WorkerDisconnectRequest>,
) -> Reply<Nothing> {
    disconnect(&ctx, id, body).await?;
    Ok(Json(Nothing {}))
}

async fn disconnect(ctx: &Ctx, id: WorkerId, body: WorkerDisconnectRequest) -> Result<()> {
    let rows = queries::worker_get(ctx.read(), ctx.org(), id).await?;
    if rows.is_empty() {
        return Err(Error::not_found("Worker not found"));
    }
    let plane = ctx.plane();
    let here = rows.iter().filter(|row| row.is_foreign() && row.disconnected_at.is_none());
    let foreign_on: Vec<_> = here.map(|row| QueueId(row.queue_id)).collect();
    // What a foreign one ran is seen to before it is written down that it is gone: where that is
    // cut off or fails, it is found lost after its silence, and what is left is seen to then.
    for queue in &foreign_on {
        plane.hub.leave_foreign(*queue, id);
        plane.embedded.foreign_gone(ctx.org(), *queue, id, Report::WorkerLeft).await?;
    }
    let mut reason = body.reason.unwrap_or_else(|| "shutdown".into());
    if let Some(message) = body.error_message {
        reason = format!("{reason}: {message}");
    }
    let mut set = ctx.set();
    queries::worker_ended(&mut set, ctx.org(), id, &reason, ctx.now());
    set.changes_catalogue(ctx.org());
    ctx.write(set).await?;
    // After the write: whoever asks in between finds it here, and nobody admits it again afterwards.
    plane.workers.dismiss(plane, id);
    // It may have been heard once more meanwhile.
    foreign_on.iter().for_each(|queue| plane.hub.leave_foreign(*queue, id));
    let queues: Vec<_> = rows.iter().map(|row| QueueId(row.queue_id)).collect();
    plane.embedded.release(id, &queues).await
}
