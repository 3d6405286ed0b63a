//! Listing the workers of a queue.

use axum::Json;
use drover_domain::{Error, QueueId, Result, rfc3339, timestamp};
use drover_store::queues::queries::queue_get;
use drover_store::workers::{entity, queries};
use drover_wire::workers::WorkerDetail;

use super::stuck;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// What a worker is that lives and says nothing of a run that it has.
const STUCK: &str = "stuck";

/// Lists the workers of a queue that live, the one heard last first.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<QueueId>) -> Reply<Vec<WorkerDetail>> {
    Ok(Json(list(&ctx, id).await?))
}

async fn list(ctx: &Ctx, id: QueueId) -> Result<Vec<WorkerDetail>> {
    let queue = queue_get(ctx.read(), ctx.org(), id).await?;
    queue.ok_or_else(|| Error::not_found("Worker queue not found"))?;
    let workers = queries::workers_of_queue(ctx.read(), ctx.org(), id, ctx.now()).await?;
    let stuck = stuck::on_queue(ctx.plane(), ctx.org(), id).await?;
    let is_stuck = |row: &entity::Model| {
        let row = row.id.to_string();
        stuck.iter().any(|one| one.worker.as_ref() == Some(&row))
    };
    let show = |row: entity::Model| {
        let status = if is_stuck(&row) { STUCK } else { &row.status }.to_owned();
        detail(entity::Model { status, ..row })
    };
    Ok(workers.into_iter().map(show).collect())
}

fn detail(row: entity::Model) -> WorkerDetail {
    let id = row.id.to_string();
    let heard = rfc3339(timestamp(row.last_heartbeat));
    let registered = rfc3339(timestamp(row.registered_at));
    WorkerDetail {
        id: id.clone(),
        worker_id: id,
        queue_id: row.queue_id.to_string(),
        kind: row.kind,
        version: row.version,
        status: if row.status == queries::STARTING { "active".into() } else { row.status },
        tasks_processed: row.tasks_processed,
        current_task_id: row.current_task_id,
        last_heartbeat: heard.clone(),
        last_seen: heard,
        registered_at: registered.clone(),
        created_at: registered,
        system_info: serde_json::from_value(row.system_info).ok(),
        logs: serde_json::from_value(row.logs).ok(),
        worker_metadata: row.metadata,
    }
}
