//! A sign of life of a worker that is named in the body, as older ones give it.

use axum::Json;
use drover_domain::{Error, QueueId, Result};
use drover_store::environments::queries::environment_by_name;
use drover_store::queues::queries::queues_among;
use drover_store::workers::queries::worker_get;
use drover_wire::Nothing;
use drover_wire::foreign::WorkerHeartbeatRequest;

use super::register::plain_name;
use crate::ctx::Ctx;
use crate::environments;
use crate::error::Reply;
use crate::extract::{Body, Caller};
use crate::workers::heartbeat;

/// Takes it, if the worker is one of that environment.
pub async fn handler(
    Caller(ctx): Caller,
    Body(body): Body<WorkerHeartbeatRequest>,
) -> Reply<Nothing> {
    take(&ctx, &body).await?;
    Ok(Json(Nothing {}))
}

async fn take(ctx: &Ctx, body: &WorkerHeartbeatRequest) -> Result<()> {
    let name = plain_name(ctx, &body.environment_name);
    let environment = environment_by_name(ctx.read(), ctx.org(), name).await?;
    let environment = environment.ok_or_else(environments::absent)?;
    let rows = worker_get(ctx.read(), ctx.org(), body.worker_id).await?;
    let queues: Vec<_> = rows.iter().map(|row| QueueId(row.queue_id)).collect();
    let queues = queues_among(ctx.read(), ctx.org(), &queues).await?;
    if !queues.iter().any(|queue| queue.environment_id == environment.id) {
        return Err(Error::not_found("Worker not found"));
    }
    heartbeat::heartbeat(ctx, body.worker_id, body.sign()).await
}
