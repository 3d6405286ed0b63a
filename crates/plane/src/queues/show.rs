//! Worker queues as they are shown.

use drover_domain::{QueueId, Result, rfc3339, timestamp};
use drover_store::queues::entity;
use drover_store::workers::queries::workers_alive;
use drover_wire::queues::WorkerQueueResponse;

use crate::ctx::Ctx;

/// Queues of the caller's organization, with the workers that serve them now.
pub(super) async fn responses(
    ctx: &Ctx,
    queues: Vec<entity::Model>,
) -> Result<Vec<WorkerQueueResponse>> {
    let alive = workers_alive(ctx.read(), ctx.org(), ctx.now()).await?;
    let count = |id: QueueId| alive.iter().find(|(queue, _)| *queue == id).map_or(0, |one| one.1);
    let show = |queue: entity::Model| {
        let workers = count(QueueId(queue.id));
        response(ctx, queue, workers)
    };
    Ok(queues.into_iter().map(show).collect())
}

/// A queue. What was not given is an empty text: Terraform wants no null there.
pub(super) fn response(ctx: &Ctx, queue: entity::Model, workers: u32) -> WorkerQueueResponse {
    let served_here = ctx.plane().hub.takes_here(QueueId(queue.id));
    WorkerQueueResponse {
        id: queue.id.to_string(),
        organization_id: queue.organization_id,
        environment_id: queue.environment_id.to_string(),
        name: queue.name,
        display_name: queue.display_name.unwrap_or_default(),
        description: queue.description.unwrap_or_default(),
        // The worker inside the process counts too.
        active_workers: workers + u32::from(served_here && queue.status == "active"),
        status: queue.status,
        max_workers: queue.max_workers,
        heartbeat_interval: queue.heartbeat_interval,
        tags: serde_json::from_value(queue.tags).unwrap_or_default(),
        settings: queue.settings,
        created_at: rfc3339(timestamp(queue.created_at)),
        updated_at: rfc3339(timestamp(queue.updated_at)),
        created_by: queue.created_by,
        task_queue_name: queue.id.to_string(),
    }
}
