//! The contract's sign of life of a worker.

use axum::Json;
use drover_domain::{Error, OrgId, QueueId, Result, WorkerId, timestamp};
use drover_store::workers::entity;
use drover_store::workers::queries::{self, Sign, worker_heard};
use drover_wire::Nothing;
use drover_wire::workers::WorkerHeartbeatSimple;
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};
use crate::plane::Plane;
use crate::workers::tasks::lost::REASON;

/// Lines of a worker's log that are kept.
const LOGS: usize = 100;
/// Bytes of such a line that are kept.
const LINE: usize = 4096;

/// Takes a worker's sign of life.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<WorkerId>,
    Body(body): Body<WorkerHeartbeatSimple>,
) -> Reply<Nothing> {
    heartbeat(&ctx, id, body).await?;
    Ok(Json(Nothing {}))
}

/// Takes it of a worker of the caller's organization that has not left.
pub(crate) async fn heartbeat(ctx: &Ctx, id: WorkerId, body: WorkerHeartbeatSimple) -> Result<()> {
    match take(ctx, id, body.clone()).await {
        // It has left or come back since its row was read.
        Err(Error::Stale) => take(ctx, id, body).await,
        taken => taken,
    }
}

async fn take(ctx: &Ctx, id: WorkerId, body: WorkerHeartbeatSimple) -> Result<()> {
    let rows = queries::worker_get(ctx.read(), ctx.org(), id).await?;
    let row = rows.first().ok_or_else(|| Error::not_found("Worker not found"))?;
    let is_back = row.is_foreign() && row.disconnect_reason.as_deref() == Some(REASON);
    if row.disconnected_at.is_some() && !is_back {
        ctx.plane().hub.leave_foreign(QueueId(row.queue_id), id);
        return Err(gone());
    }
    let is_starting = row.status == queries::STARTING
        && ctx.now() < timestamp(row.registered_at) + queries::SETTLES;
    let status = if is_starting { Some(queries::STARTING.to_owned()) } else { body.status };
    let sign = Sign {
        status: status.unwrap_or_else(|| "active".into()),
        tasks_processed: body.tasks_processed.unwrap_or_default(),
        current_task_id: body.current_task_id,
        metadata: body.worker_metadata,
        system_info: body.system_info.map(|info| json!(info)),
        logs: body.logs.map(|lines| last_lines(&row.logs, lines)),
    };
    let mut set = ctx.set();
    if is_back {
        // It polled Temporal all the time: that it could not be heard did not end it.
        queries::worker_is_back(&mut set, row);
        set.changes_catalogue(ctx.org());
    }
    queries::worker_stays(&mut set, row);
    worker_heard(&mut set, ctx.org(), id, sign, ctx.now());
    ctx.write(set).await?;
    if row.is_foreign() && !serve_foreign(ctx.plane(), ctx.org(), row).await? {
        return Err(gone());
    }
    Ok(())
}

/// Has a foreign worker that was heard serve its queue, if it is still here. Its row is looked at
/// afterwards: it may have left since it was heard, and nobody would take it out of the hub again.
pub(crate) async fn serve_foreign(plane: &Plane, org: &OrgId, row: &entity::Model) -> Result<bool> {
    let (id, queue) = (WorkerId(row.id), QueueId(row.queue_id));
    plane.hub.serve_foreign(queue, id);
    let rows = queries::worker_get(plane.store.reader(), org, id).await?;
    let is_here = rows.iter().any(|row| row.disconnected_at.is_none());
    if !is_here {
        plane.hub.leave_foreign(queue, id);
    }
    Ok(is_here)
}

fn gone() -> Error {
    Error::Gone("The worker has left, or was not heard for too long; start it again".into())
}

fn last_lines(before: &Value, lines: Vec<String>) -> Value {
    let mut all = before.as_array().cloned().unwrap_or_default();
    all.extend(lines.into_iter().map(|line| Value::String(cut(line))));
    let surplus = all.len().saturating_sub(LOGS);
    json!(all.split_off(surplus))
}

/// The beginning of a line that is too long.
fn cut(mut line: String) -> String {
    let end = line.floor_char_boundary(LINE);
    line.truncate(end);
    line
}
