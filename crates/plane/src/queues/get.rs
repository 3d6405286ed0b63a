//! Showing a worker queue.

use axum::Json;
use drover_domain::{Error, QueueId, Result};
use drover_store::queues::queries;
use drover_store::workers::queries::workers_of_queue;
use drover_wire::queues::WorkerQueueResponse;

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Shows a worker queue, an ephemeral one too.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<QueueId>) -> Reply<WorkerQueueResponse> {
    Ok(Json(get(&ctx, id).await?))
}

async fn get(ctx: &Ctx, id: QueueId) -> Result<WorkerQueueResponse> {
    let found = queries::queue_get(ctx.read(), ctx.org(), id).await?;
    let queue = found.ok_or_else(|| Error::not_found("Worker queue not found"))?;
    let workers = workers_of_queue(ctx.read(), ctx.org(), id, ctx.now()).await?;
    Ok(show::response(ctx, queue, u32::try_from(workers.len()).unwrap_or(u32::MAX)))
}
