//! Letting a worker of the reference's kind begin on a queue.

use axum::Json;
use drover_domain::workers::WorkerKind;
use drover_domain::{EnvironmentId, Error, QueueId, Result, Secret, WorkerId, micros};
use drover_store::environments::queries::environment_get;
use drover_store::queues::queries::queue_get;
use drover_store::workers::{entity, queries};
use drover_wire::foreign::{WorkerStartRequest, WorkerStartResponse};
use serde_json::json;

use super::FEATURES;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};
use crate::plane::TemporalPlace;
use crate::workers::no_room;

/// Registers the worker and tells it where it finds what.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<QueueId>,
    Body(body): Body<WorkerStartRequest>,
) -> Reply<WorkerStartResponse> {
    Ok(Json(start(&ctx, id, body).await?))
}

async fn start(ctx: &Ctx, id: QueueId, body: WorkerStartRequest) -> Result<WorkerStartResponse> {
    let queue = queue_get(ctx.read(), ctx.org(), id).await?;
    let queue = queue.ok_or_else(|| Error::not_found("Worker queue not found"))?;
    if queue.status != "active" {
        let (name, status) = (&queue.name, &queue.status);
        return Err(Error::refused(format!("Worker queue `{name}` is {status}, not active")));
    }
    let settings = &ctx.plane().settings;
    let TemporalPlace { address, namespace, api_key } = temporal(ctx, &format!(" --queue {id}"))?;
    let environment = EnvironmentId(queue.environment_id);
    let environment = environment_get(ctx.read(), ctx.org(), environment).await?;
    let worker = WorkerId(ctx.uuid());
    let row = row(ctx, worker, id, &body);
    let mut set = ctx.set();
    queries::worker_insert(&mut set, row.clone(), ctx.now());
    ctx.audit(&mut set, "workers.start", worker);
    set.changes_catalogue(ctx.org());
    match ctx.write(set).await {
        Err(Error::Stale) => return Err(no_room(ctx, &[row]).await?),
        written => written?,
    }
    ctx.plane().hub.serve_foreign(id, worker);
    let given = body.control_plane_url.map(|url| url.trim_end_matches('/').to_owned());
    let control_plane_url = given.unwrap_or_else(|| settings.public_url.clone());
    // `http` becomes `ws`, and `https` `wss`.
    let socket = control_plane_url.replacen("http", "ws", 1);
    Ok(WorkerStartResponse {
        worker_id: worker.to_string(),
        task_queue_name: id.to_string(),
        temporal_namespace: namespace.clone(),
        temporal_host: address.clone(),
        temporal_api_key: revealed(api_key.as_ref()),
        organization_id: ctx.org().to_string(),
        heartbeat_interval: queue.heartbeat_interval,
        litellm_api_url: settings.worker_llm_url.clone().unwrap_or_default(),
        litellm_api_key: revealed(settings.worker_llm_key.as_ref()),
        queue_name: queue.name,
        environment_name: environment.map(|found| found.name).unwrap_or_default(),
        queue_id: id.to_string(),
        queue_ephemeral: queue.ephemeral,
        queue_single_execution: queue.single_execution,
        redis_url: None,
        redis_password: None,
        redis_enabled: false,
        websocket_enabled: true,
        websocket_url: Some(format!("{socket}/api/v1/ws/workers/{worker}")),
        websocket_features: FEATURES.map(str::to_owned).to_vec(),
        nats_config: None,
        control_plane_sdk_version: env!("CARGO_PKG_VERSION").to_owned(),
        control_plane_url,
    })
}

/// Where Temporal is, if this plane has it. `of` is what to start instead, for these queues.
pub(super) fn temporal<'a>(ctx: &'a Ctx, of: &str) -> Result<&'a TemporalPlace> {
    ctx.plane().settings.worker_temporal.as_ref().ok_or_else(|| {
        Error::refused(format!(
            "This plane has no Temporal, which such a worker polls; `drover worker{of}` serves its \
             queues"
        ))
    })
}

/// The row of a worker that begins now.
pub(super) fn row(
    ctx: &Ctx,
    id: WorkerId,
    queue: QueueId,
    body: &WorkerStartRequest,
) -> entity::Model {
    let now = micros(ctx.now());
    entity::Model {
        id: id.0,
        queue_id: queue.0,
        organization_id: ctx.org().to_string(),
        kind: WorkerKind::Foreign.as_str().to_owned(),
        version: body.worker_sdk_version.clone().unwrap_or_else(|| "unknown".to_owned()),
        metadata: json!({}),
        system_info: json!(body.system_info.clone().unwrap_or_default()),
        logs: json!([]),
        status: queries::STARTING.to_owned(),
        tasks_processed: 0,
        current_task_id: None,
        registered_at: now,
        last_heartbeat: now,
        disconnected_at: None,
        disconnect_reason: None,
    }
}

/// A key as such workers are told it; empty if there is none.
pub(super) fn revealed(key: Option<&Secret<String>>) -> String {
    key.map(|key| key.reveal().clone()).unwrap_or_default()
}
