//! Environments as they are shown under their older name, with the workers of their queues.

use std::collections::HashMap;

use drover_domain::{QueueId, Result, rfc3339, timestamp};
use drover_store::environments::entity;
use drover_store::queues::queries::queues_everywhere;
use drover_store::workers::queries::workers_living;
use drover_wire::task_queues::TaskQueueResponse;
use uuid::Uuid;

use crate::ctx::Ctx;

/// How many workers an environment's queues have.
#[derive(Debug, Default)]
struct Workers {
    active: u32,
    idle: u32,
    busy: u32,
}

/// Environments of the caller's organization.
pub(super) async fn all(
    ctx: &Ctx,
    environments: Vec<entity::Model>,
) -> Result<Vec<TaskQueueResponse>> {
    let mut workers = workers(ctx).await?;
    let show = |environment: entity::Model| {
        let workers = workers.remove(&environment.id).unwrap_or_default();
        response(environment, &workers)
    };
    Ok(environments.into_iter().map(show).collect())
}

/// One of them.
pub(super) async fn one(ctx: &Ctx, environment: entity::Model) -> Result<TaskQueueResponse> {
    let workers = workers(ctx).await?.remove(&environment.id).unwrap_or_default();
    Ok(response(environment, &workers))
}

async fn workers(ctx: &Ctx) -> Result<HashMap<Uuid, Workers>> {
    let living = workers_living(ctx.read(), ctx.org(), ctx.now()).await?;
    let mut of_environments: HashMap<Uuid, Workers> = HashMap::new();
    for queue in queues_everywhere(ctx.read(), ctx.org()).await? {
        let count = of_environments.entry(queue.environment_id).or_default();
        // The worker inside the process counts too.
        let served_here = ctx.plane().hub.takes_here(QueueId(queue.id));
        count.active += u32::from(served_here && queue.status == "active");
        for worker in living.iter().filter(|worker| worker.queue_id == queue.id) {
            count.active += 1;
            match worker.status.as_str() {
                "idle" => count.idle += 1,
                "busy" => count.busy += 1,
                _ => {}
            }
        }
    }
    Ok(of_environments)
}

fn response(environment: entity::Model, workers: &Workers) -> TaskQueueResponse {
    TaskQueueResponse {
        id: environment.id.to_string(),
        organization_id: environment.organization_id,
        name: environment.name,
        display_name: environment.display_name,
        description: environment.description,
        tags: serde_json::from_value(environment.tags).unwrap_or_default(),
        settings: environment.settings,
        status: environment.status,
        priority: None,
        policy_ids: Vec::new(),
        created_at: rfc3339(timestamp(environment.created_at)),
        updated_at: rfc3339(timestamp(environment.updated_at)),
        created_by: environment.created_by,
        worker_token: None,
        provisioning_workflow_id: None,
        provisioned_at: None,
        error_message: None,
        temporal_namespace_id: None,
        active_workers: workers.active,
        idle_workers: workers.idle,
        busy_workers: workers.busy,
    }
}
