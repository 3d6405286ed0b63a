//! Listing task queues with the workers that poll them.

use std::collections::HashMap;

use axum::Json;
use drover_domain::executions::Status;
use drover_domain::{QueueId, Result};
use drover_store::executions::on_queue::runs_by_queue;
use drover_store::queues::entity;
use drover_store::queues::queries::queue_list;
use drover_wire::workers::{TaskQueueInfo, WorkerInfo};

use super::Pollers;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::Caller;

/// Lists them, those of the oldest queues first.
pub async fn handler(Caller(ctx): Caller) -> Reply<Vec<TaskQueueInfo>> {
    Ok(Json(list(&ctx).await?))
}

async fn list(ctx: &Ctx) -> Result<Vec<TaskQueueInfo>> {
    let mut pollers = Pollers::read(ctx).await?;
    let waiting = waiting(ctx).await?;
    let show = |queue: entity::Model| {
        let workers = pollers.of(ctx, &queue);
        let backlog = waiting.get(&QueueId(queue.id)).copied().unwrap_or_default();
        info(ctx, queue.id.to_string(), queue.name, workers, backlog)
    };
    Ok(queue_list(ctx.read(), ctx.org()).await?.into_iter().map(show).collect())
}

/// How many runs wait for a worker, by their queues.
pub(super) async fn waiting(ctx: &Ctx) -> Result<HashMap<QueueId, u64>> {
    let states = [Status::Pending, Status::Queued];
    Ok(runs_by_queue(ctx.read(), ctx.org(), &states).await?.into_iter().collect())
}

pub(super) fn info(
    ctx: &Ctx,
    task_queue: String,
    runner_name: String,
    workers: Vec<WorkerInfo>,
    backlog: u64,
) -> TaskQueueInfo {
    TaskQueueInfo {
        task_queue,
        organization_id: ctx.org().to_string(),
        runner_name,
        worker_count: u32::try_from(workers.len()).unwrap_or(u32::MAX),
        workers,
        approximate_backlog_count: Some(backlog),
    }
}
