//! Changing a worker queue.

use axum::Json;
use drover_domain::{Error, Patch, QueueId, Result, micros};
use drover_store::queues::{entity, queries};
use drover_wire::queues::{WorkerQueueResponse, WorkerQueueUpdate};
use serde_json::{Map, Value};

use super::{get, in_process};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Tries before somebody else's writes win.
const TRIES: usize = 20;
/// Seconds between signs of life, where nothing else is said.
const HEARTBEAT: i32 = 60;

/// Answers the changed queue.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<QueueId>,
    Body(body): Body<WorkerQueueUpdate>,
) -> Reply<WorkerQueueResponse> {
    update(&ctx, id, &body).await?;
    Ok(Json(get::get(&ctx, id).await?))
}

async fn update(ctx: &Ctx, id: QueueId, body: &WorkerQueueUpdate) -> Result<()> {
    for _ in 1..TRIES {
        match attempt(ctx, id, body).await {
            Err(Error::Stale) => {}
            done => return done,
        }
    }
    attempt(ctx, id, body).await
}

async fn attempt(ctx: &Ctx, id: QueueId, body: &WorkerQueueUpdate) -> Result<()> {
    let old = get::row(ctx, id).await?;
    let (read_at, is_in_process) = (old.updated_at, old.in_process);
    let mut queue = patched(old, body);
    queue.updated_at = micros(ctx.now()).max(read_at + 1);
    let name = &queue.name;
    let taken = format!("Worker queue with name '{name}' already exists in this environment");
    let mut set = ctx.set();
    queries::queue_update(&mut set, ctx.org(), queue, read_at, &taken);
    ctx.audit(&mut set, "queues.update", id);
    set.changes_catalogue(ctx.org());
    ctx.write(set).await?;
    if is_in_process {
        in_process::follow(ctx.plane(), ctx.org(), id).await?;
    }
    Ok(())
}

fn patched(mut queue: entity::Model, body: &WorkerQueueUpdate) -> entity::Model {
    let count = |patch: &Patch<i64>| patch.as_value().and_then(|count| (*count).try_into().ok());
    if let Patch::Value(name) = &body.name {
        queue.name.clone_from(name);
    }
    if let Patch::Value(status) = &body.status {
        queue.status.clone_from(status);
    }
    body.display_name.clone().apply(&mut queue.display_name);
    body.description.clone().apply(&mut queue.description);
    if body.max_workers.is_present() {
        queue.max_workers = count(&body.max_workers);
    }
    if body.heartbeat_interval.is_present() {
        queue.heartbeat_interval = count(&body.heartbeat_interval).unwrap_or(HEARTBEAT);
    }
    match &body.tags {
        Patch::Absent => {}
        Patch::Null => queue.tags = Vec::<Value>::new().into(),
        Patch::Value(tags) => queue.tags = tags.clone().into(),
    }
    match &body.settings {
        Patch::Absent => {}
        Patch::Null => queue.settings = Map::new().into(),
        Patch::Value(settings) => queue.settings = settings.clone(),
    }
    queue
}
