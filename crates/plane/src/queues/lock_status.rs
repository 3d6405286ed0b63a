//! Saying whether a worker of a queue updates itself.

use axum::Json;
use drover_domain::{QueueId, Result, micros, rfc3339, timestamp};
use drover_store::queues::queries;
use drover_wire::queues::UpdateLockStatus;

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers who does, if one does.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<QueueId>) -> Reply<UpdateLockStatus> {
    Ok(Json(status(&ctx, id).await?))
}

async fn status(ctx: &Ctx, id: QueueId) -> Result<UpdateLockStatus> {
    get::row(ctx, id).await?;
    let now = micros(ctx.now());
    let held = queries::update_lock_get(ctx.read(), ctx.org(), id, now).await?;
    let time = |at: i64| rfc3339(timestamp(at));
    Ok(UpdateLockStatus {
        locked: held.is_some(),
        queue_id: id.to_string(),
        lock_coordination_available: true,
        lock_id: held.as_ref().map(|held| held.lock_id.to_string()),
        acquired_at: held.as_ref().map(|held| time(held.acquired_at)),
        expires_at: held.as_ref().map(|held| time(held.expires_at)),
        ttl_seconds: held.as_ref().map(|held| (held.expires_at - now) / 1_000_000),
        worker_id: held.map(|held| held.worker_id),
    })
}
