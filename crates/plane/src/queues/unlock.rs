//! Letting others of a queue update themselves.

use axum::Json;
use drover_domain::{Error, QueueId, Result, micros};
use drover_store::queues::queries;
use drover_wire::Nothing;

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Ids};

/// Takes the lock away, if it is this worker's. Where there is none, nothing is to be done.
pub async fn handler(Caller(ctx): Caller, Ids(id, worker): Ids<QueueId, String>) -> Reply<Nothing> {
    unlock(&ctx, id, &worker).await?;
    Ok(Json(Nothing {}))
}

async fn unlock(ctx: &Ctx, id: QueueId, worker: &str) -> Result<()> {
    get::row(ctx, id).await?;
    let now = micros(ctx.now());
    let Some(held) = queries::update_lock_get(ctx.read(), ctx.org(), id, now).await? else {
        return Ok(());
    };
    if held.worker_id != worker {
        return Err(Error::Forbidden("Update lock is held by another worker".into()));
    }
    let mut set = ctx.set();
    queries::update_lock_delete(&mut set, ctx.org(), &held);
    ctx.write(set).await
}
