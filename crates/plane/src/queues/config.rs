//! Showing a queue as its workers are configured by it.

use axum::Json;
use drover_domain::{EnvironmentId, QueueId, Result};
use drover_store::environments::queries::environment_get;
use drover_wire::queues::WorkerQueueConfigResponse;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers the queue with a version that changes when a worker has to begin anew.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<QueueId>) -> Reply<WorkerQueueConfigResponse> {
    Ok(Json(config(&ctx, id).await?))
}

async fn config(ctx: &Ctx, id: QueueId) -> Result<WorkerQueueConfigResponse> {
    let environment = EnvironmentId(get::row(ctx, id).await?.environment_id);
    let environment = environment_get(ctx.read(), ctx.org(), environment).await?;
    let queue = get::get(ctx, id).await?;
    let mut tags = queue.tags.clone();
    tags.sort();
    let configured = json!({
        "name": queue.name, "status": queue.status, "max_workers": queue.max_workers,
        "heartbeat_interval": queue.heartbeat_interval, "tags": tags, "settings": queue.settings,
    });
    let digest = Sha256::digest(configured.to_string().as_bytes());
    Ok(WorkerQueueConfigResponse {
        queue_id: queue.id,
        name: queue.name,
        display_name: Some(queue.display_name),
        description: Some(queue.description),
        status: queue.status,
        max_workers: queue.max_workers,
        heartbeat_interval: queue.heartbeat_interval,
        tags: queue.tags,
        settings: queue.settings,
        config_version: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        config_updated_at: queue.updated_at,
        recommended_package_version: None,
        environment_id: queue.environment_id,
        environment_name: environment.map(|found| found.name).unwrap_or_default(),
    })
}
