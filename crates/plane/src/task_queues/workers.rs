//! Listing the workers of an environment.

use axum::Json;
use drover_domain::{Result, rfc3339, timestamp};
use drover_store::queues::queries::queues_all_of_environment;
use drover_store::workers::{entity, queries};
use drover_wire::task_queues::WorkerHeartbeatResponse;

use crate::ctx::Ctx;
use crate::environments;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Lists the workers that live, the one heard last first; one that serves several queues once for each.
pub async fn handler(
    Caller(ctx): Caller,
    Id(name): Id<String>,
) -> Reply<Vec<WorkerHeartbeatResponse>> {
    Ok(Json(list(&ctx, &name).await?))
}

async fn list(ctx: &Ctx, name: &str) -> Result<Vec<WorkerHeartbeatResponse>> {
    let environment = environments::named(ctx, name).await?;
    let queues = queues_all_of_environment(ctx.read(), ctx.org(), environment).await?;
    let living = queries::workers_living(ctx.read(), ctx.org(), ctx.now()).await?;
    let is_here = |worker: &entity::Model| queues.iter().any(|queue| queue.id == worker.queue_id);
    Ok(living.into_iter().filter(is_here).map(heartbeat).collect())
}

fn heartbeat(row: entity::Model) -> WorkerHeartbeatResponse {
    let id = row.id.to_string();
    let heard = rfc3339(timestamp(row.last_heartbeat));
    WorkerHeartbeatResponse {
        id: id.clone(),
        worker_id: id,
        organization_id: row.organization_id,
        task_queue_name: row.queue_id.to_string(),
        hostname: row.system_info["hostname"].as_str().map(str::to_owned),
        worker_metadata: row.metadata,
        last_heartbeat: heard.clone(),
        status: if row.status == queries::STARTING { "active".into() } else { row.status },
        tasks_processed: row.tasks_processed,
        current_task_id: row.current_task_id,
        registered_at: rfc3339(timestamp(row.registered_at)),
        updated_at: heard,
    }
}
