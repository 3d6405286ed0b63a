//! Telling a registered worker where it finds what.

use axum::Json;
use drover_domain::{EnvironmentId, Error, QueueId, Result, WorkerId};
use drover_store::environments::queries::environment_get;
use drover_store::queues::queries::queue_get;
use drover_store::workers::entity;
use drover_store::workers::queries::{Sign, worker_get, worker_heard};
use drover_wire::foreign::{WorkerConfigRequest, WorkerConfigResponse};
use serde_json::json;

use super::start::{revealed, temporal};
use crate::ctx::Ctx;
use crate::environments;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};
use crate::plane::TemporalPlace;

/// Tells it; that is a sign of life, too.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<WorkerId>,
    Body(body): Body<WorkerConfigRequest>,
) -> Reply<WorkerConfigResponse> {
    Ok(Json(start(&ctx, id, body).await?))
}

async fn start(ctx: &Ctx, id: WorkerId, body: WorkerConfigRequest) -> Result<WorkerConfigResponse> {
    let row = worker(ctx, id).await?;
    let queue = queue_get(ctx.read(), ctx.org(), QueueId(row.queue_id)).await?;
    let queue = queue.ok_or_else(|| Error::not_found("Worker queue not found"))?;
    let TemporalPlace { address, namespace, api_key } =
        temporal(ctx, &format!(" --queue {}", queue.id))?;
    let environment = EnvironmentId(queue.environment_id);
    let environment = environment_get(ctx.read(), ctx.org(), environment).await?;
    let environment = environment.ok_or_else(environments::absent)?;
    let sign = Sign {
        status: row.status,
        tasks_processed: row.tasks_processed,
        current_task_id: row.current_task_id,
        system_info: body.system_info.map(|info| json!(info)),
        ..Sign::default()
    };
    let mut set = ctx.set();
    worker_heard(&mut set, ctx.org(), id, sign, ctx.now());
    ctx.write(set).await?;
    let settings = &ctx.plane().settings;
    Ok(WorkerConfigResponse {
        worker_id: id.to_string(),
        worker_queue_name: queue.name,
        environment_name: environment.name,
        task_queue_name: queue.id.to_string(),
        temporal_namespace: namespace.clone(),
        temporal_host: address.clone(),
        temporal_api_key: revealed(api_key.as_ref()),
        organization_id: ctx.org().to_string(),
        control_plane_url: settings.public_url.clone(),
        heartbeat_interval: queue.heartbeat_interval,
        litellm_api_url: settings.worker_llm_url.clone().unwrap_or_default(),
        litellm_api_key: revealed(settings.worker_llm_key.as_ref()),
        otel_enabled: false,
        otel_exporter_otlp_endpoint: None,
        otel_service_name: "agent-control-plane-worker".to_owned(),
        otel_traces_sampler: "parentbased_always_on".to_owned(),
        otel_traces_sampler_arg: None,
    })
}

/// A worker of this kind that has not left.
async fn worker(ctx: &Ctx, id: WorkerId) -> Result<entity::Model> {
    let rows = worker_get(ctx.read(), ctx.org(), id).await?;
    let row = rows.into_iter().next().ok_or_else(|| Error::not_found("Worker not found"))?;
    if !row.is_foreign() {
        let text = "A `drover worker` was told all it needs when it registered";
        return Err(Error::refused(text));
    }
    if row.disconnected_at.is_some() {
        let text = "The worker has left, or was not heard for too long; register again";
        return Err(Error::Gone(text.into()));
    }
    Ok(row)
}
