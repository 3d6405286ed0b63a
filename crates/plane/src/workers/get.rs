//! Showing a task queue with the workers that poll it.

use axum::Json;
use drover_domain::{QueueId, Result};
use drover_wire::workers::TaskQueueInfo;

use super::Pollers;
use super::list::{info, waiting};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};
use crate::queues;

/// Shows it. That nobody polls is all that can be said of one that is not there (contract, workers §4:
/// never 404).
pub async fn handler(Caller(ctx): Caller, Id(name): Id<String>) -> Reply<TaskQueueInfo> {
    Ok(Json(get(&ctx, name).await?))
}

async fn get(ctx: &Ctx, name: String) -> Result<TaskQueueInfo> {
    let Some(queue) = queues::named(ctx, &name).await? else {
        return Ok(info(ctx, name.clone(), name, Vec::new(), 0));
    };
    let workers = Pollers::read(ctx).await?.of(ctx, &queue);
    let backlog = waiting(ctx).await?.get(&QueueId(queue.id)).copied().unwrap_or_default();
    Ok(info(ctx, queue.id.to_string(), queue.name, workers, backlog))
}
