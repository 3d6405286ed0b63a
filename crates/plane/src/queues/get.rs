//! Showing a worker queue.

use axum::Json;
use drover_domain::{Error, QueueId, Result};
use drover_store::queues::{entity, queries};
use drover_wire::queues::WorkerQueueResponse;

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Shows a worker queue, an ephemeral one too.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<QueueId>) -> Reply<WorkerQueueResponse> {
    Ok(Json(show::response(get(&ctx, id).await?)))
}

async fn get(ctx: &Ctx, id: QueueId) -> Result<entity::Model> {
    let found = queries::queue_get(ctx.read(), ctx.org(), id).await?;
    found.ok_or_else(|| Error::not_found("Worker queue not found"))
}
