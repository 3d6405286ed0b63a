//! Letting a worker update itself, alone of its queue.

use axum::Json;
use drover_domain::{Error, QueueId, Result, micros, rfc3339, timestamp};
use drover_store::queues::{queries, update_lock};
use drover_wire::queues::{UpdateLockRequest, UpdateLockResponse};

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Ids};

/// Answers the lock, which goes by itself after its time.
pub async fn handler(
    Caller(ctx): Caller,
    Ids(id, worker): Ids<QueueId, String>,
    Body(body): Body<UpdateLockRequest>,
) -> Reply<UpdateLockResponse> {
    Ok(Json(lock(&ctx, id, worker, &body).await?))
}

async fn lock(
    ctx: &Ctx,
    id: QueueId,
    worker_id: String,
    body: &UpdateLockRequest,
) -> Result<UpdateLockResponse> {
    get::row(ctx, id).await?;
    let now = micros(ctx.now());
    let row = update_lock::Model {
        queue_id: id.0,
        organization_id: ctx.org().to_string(),
        lock_id: ctx.uuid(),
        worker_id,
        acquired_at: now,
        expires_at: now + body.lock_duration_seconds * 1_000_000,
    };
    let mut set = ctx.set();
    queries::update_lock_expires(&mut set, ctx.org(), id, now);
    set.insert_unique(row.clone(), "held");
    match ctx.write(set).await {
        Err(Error::Conflict(_)) => {
            let held = queries::update_lock_get(ctx.read(), ctx.org(), id, now).await?;
            let holder = held.map(|held| held.worker_id).unwrap_or_default();
            return Err(Error::conflict(format!("Update lock is held by worker `{holder}`")));
        }
        written => written?,
    }
    Ok(UpdateLockResponse {
        lock_id: row.lock_id.to_string(),
        worker_id: row.worker_id,
        queue_id: id.to_string(),
        acquired_at: rfc3339(timestamp(row.acquired_at)),
        expires_at: rfc3339(timestamp(row.expires_at)),
        locked: true,
    })
}
