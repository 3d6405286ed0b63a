//! Saying how a worker of a queue is started.

use axum::Json;
use drover_domain::{QueueId, Result};
use drover_wire::queues::WorkerQueueCommandResponse;
use serde_json::{Value, json};

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers the command: the reference's where there is a Temporal for its worker, ours otherwise.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<QueueId>,
) -> Reply<WorkerQueueCommandResponse> {
    Ok(Json(command(&ctx, id).await?))
}

async fn command(ctx: &Ctx, id: QueueId) -> Result<WorkerQueueCommandResponse> {
    let queue = get::get(ctx, id).await?;
    let (command, command_parts) = start_command(ctx, &queue.id);
    Ok(WorkerQueueCommandResponse {
        queue_id: queue.id,
        command,
        command_parts,
        can_register: queue.status == "active",
        queue_status: queue.status,
        active_workers: queue.active_workers,
        max_workers: queue.max_workers,
    })
}

/// The command that starts a worker of a queue, and the same in parts.
pub(crate) fn start_command(ctx: &Ctx, queue: &str) -> (String, Value) {
    let (binary, subcommand, flag) = match &ctx.plane().settings.worker_temporal {
        Some(_) => ("kubiya", "worker start", "--queue-id"),
        None => ("drover", "worker", "--queue"),
    };
    let parts = json!({"binary": binary, "subcommand": subcommand, "flags": {flag: queue}});
    (format!("{binary} {subcommand} {flag} {queue}"), parts)
}
