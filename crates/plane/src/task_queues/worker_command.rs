//! Saying how a worker of an environment is started.

use axum::Json;
use drover_domain::{EnvironmentId, Result};
use drover_wire::task_queues::TaskQueueCommandResponse;

use crate::activities::best_queue;
use crate::ctx::Ctx;
use crate::environments;
use crate::error::Reply;
use crate::extract::{Caller, Id};
use crate::queues;

/// Stands where there is no queue to name.
const NO_QUEUE: &str = "<queue-id>";

/// Answers the command for the queue that a run in this environment goes to.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<EnvironmentId>,
) -> Reply<TaskQueueCommandResponse> {
    Ok(Json(command(&ctx, id).await?))
}

async fn command(ctx: &Ctx, id: EnvironmentId) -> Result<TaskQueueCommandResponse> {
    let environment = environments::get::row(ctx, id).await?;
    let queue = best_queue(ctx, id).await?.map(|queue| queue.id.to_string());
    let is_ready = environments::is_ready(&environment);
    let (command, command_parts) = queues::start_command(ctx, queue.as_deref().unwrap_or(NO_QUEUE));
    Ok(TaskQueueCommandResponse {
        worker_token: String::new(),
        task_queue_name: environment.name,
        command,
        command_parts,
        namespace_status: environment.status,
        can_register: is_ready && queue.is_some(),
        provisioning_workflow_id: None,
    })
}
