//! The contract's sign of life of a worker.

use axum::Json;
use drover_domain::workers::WorkerKind;
use drover_domain::{Error, QueueId, Result, WorkerId, timestamp};
use drover_store::workers::entity;
use drover_store::workers::queries::{self, Sign, worker_heard};
use drover_wire::Nothing;
use drover_wire::workers::WorkerHeartbeatSimple;
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};
use crate::workers::tasks::lost::REASON;

/// Lines of a worker's log that are kept.
const LOGS: usize = 100;

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
    let rows = queries::worker_get(ctx.read(), ctx.org(), id).await?;
    let row = rows.first().ok_or_else(|| Error::not_found("Worker not found"))?;
    let is_back = is_foreign(row) && row.disconnect_reason.as_deref() == Some(REASON);
    if row.disconnected_at.is_some() && !is_back {
        let text = "The worker has left, or was not heard for too long; start it again";
        return Err(Error::Gone(text.into()));
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
        queries::worker_is_back(&mut set, ctx.org(), id, ctx.now());
        set.changes_catalogue(ctx.org());
    }
    worker_heard(&mut set, ctx.org(), id, sign, ctx.now());
    ctx.write(set).await?;
    if is_foreign(row) {
        ctx.plane().hub.serve_foreign(QueueId(row.queue_id), id);
    }
    Ok(())
}

fn is_foreign(row: &entity::Model) -> bool {
    row.kind == WorkerKind::Foreign.as_str()
}

fn last_lines(before: &Value, lines: Vec<String>) -> Value {
    let mut all = before.as_array().cloned().unwrap_or_default();
    all.extend(lines.into_iter().map(Value::String));
    let surplus = all.len().saturating_sub(LOGS);
    json!(all.split_off(surplus))
}
