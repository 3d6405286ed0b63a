//! Making a worker queue.

use axum::Json;
use drover_domain::{EnvironmentId, Result, micros};
use drover_store::environments::queries::environment_stays;
use drover_store::queues::{entity, queries};
use drover_wire::queues::{WorkerQueueCreate, WorkerQueueResponse};
use serde_json::Map;

use super::show;
use crate::ctx::Ctx;
use crate::environments;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Makes a worker queue in an environment.
pub async fn handler(
    Caller(ctx): Caller,
    Id(environment): Id<EnvironmentId>,
    Body(body): Body<WorkerQueueCreate>,
) -> Reply<WorkerQueueResponse> {
    let queue = create(&ctx, environment, body).await?;
    Ok(Json(show::response(&ctx, queue, 0)))
}

async fn create(
    ctx: &Ctx,
    environment: EnvironmentId,
    body: WorkerQueueCreate,
) -> Result<entity::Model> {
    environments::get::row(ctx, environment).await?;
    let taken =
        format!("Worker queue with name '{}' already exists in this environment", body.name);
    let queue = row(ctx, environment, body);
    let mut set = ctx.set();
    environment_stays(&mut set, ctx.org(), environment);
    queries::queue_insert(&mut set, queue.clone(), &taken);
    ctx.audit(&mut set, "queues.create", queue.id);
    set.changes_catalogue(ctx.org());
    ctx.write(set).await?;
    Ok(queue)
}

/// The row of a new queue.
pub(crate) fn row(ctx: &Ctx, environment: EnvironmentId, body: WorkerQueueCreate) -> entity::Model {
    let now = micros(ctx.now());
    let ephemeral = body.ephemeral.unwrap_or_default() || queries::is_of_one_shell(&body.name);
    entity::Model {
        id: ctx.uuid(),
        organization_id: ctx.org().to_string(),
        environment_id: environment.0,
        name: body.name,
        display_name: body.display_name,
        description: body.description,
        status: "active".into(),
        max_workers: body.max_workers.and_then(|workers| workers.try_into().ok()),
        heartbeat_interval: body.heartbeat_interval.and_then(|s| s.try_into().ok()).unwrap_or(60),
        tags: body.tags.unwrap_or_default().into(),
        settings: body.settings.unwrap_or_else(|| Map::new().into()),
        ephemeral,
        auto_cleanup_after_seconds: body
            .auto_cleanup_after_seconds
            .and_then(|seconds| seconds.try_into().ok()),
        single_execution: body.single_execution_mode.unwrap_or_default(),
        in_process: false,
        created_by: Some(ctx.identity().user_id.to_string()),
        created_at: now,
        updated_at: now,
    }
}
