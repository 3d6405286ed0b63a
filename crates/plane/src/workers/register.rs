//! Registering a worker.

use axum::Json;
use drover_domain::workers::{LEASE, PROTOCOL, WorkerKind};
use drover_domain::{Error, Result, Violation, WorkerId, micros};
use drover_store::queues::queries::queues_among;
use drover_store::workers::{entity, queries};
use drover_wire::workers::{TakesFrom, TemporalPlace, WorkerRegister, WorkerRegistered};
use serde_json::json;

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller};

/// Registers a worker of one or more queues: of all of them or of none.
pub async fn handler(
    Caller(ctx): Caller,
    Body(body): Body<WorkerRegister>,
) -> Reply<WorkerRegistered> {
    Ok(Json(register(&ctx, body).await?))
}

async fn register(ctx: &Ctx, body: WorkerRegister) -> Result<WorkerRegistered> {
    if body.protocol != PROTOCOL {
        let older = if body.protocol < PROTOCOL { "the worker" } else { "the plane" };
        let rule = format!("This plane speaks protocol {PROTOCOL}; update {older}");
        return Err(Error::Invalid(vec![Violation::body("protocol", "value_error", rule)]));
    }
    let names = queue_names(ctx, &body).await?;
    let temporal = ctx.plane().settings.temporal.as_ref();
    let temporal = match (body.takes_from, temporal) {
        (Some(TakesFrom::Http), _) | (None, None) => None,
        (_, Some(place)) => Some(TemporalPlace {
            address: place.address.clone(),
            namespace: place.namespace.clone(),
        }),
        (Some(TakesFrom::Temporal), None) => {
            let text = "This plane has no Temporal; start the worker with `--plane http`";
            return Err(Error::refused(text));
        }
    };
    let kind = if temporal.is_some() { WorkerKind::Temporal } else { WorkerKind::Drover };
    let worker_id = WorkerId(ctx.uuid());
    let rows = rows(ctx, worker_id, kind, body);
    let mut set = ctx.set();
    for row in &rows {
        queries::worker_insert(&mut set, row.clone(), ctx.now());
    }
    ctx.audit(&mut set, "workers.register", worker_id);
    set.changes_catalogue(ctx.org());
    match ctx.write(set).await {
        Err(Error::Stale) => return Err(no_room(ctx, &rows).await?),
        written => written?,
    }
    ctx.plane().workers.admit(ctx.plane(), &rows).await;
    Ok(WorkerRegistered {
        worker_id,
        organization_id: ctx.org().to_string(),
        lease_seconds: u32::try_from(LEASE.as_secs()).unwrap_or_default(),
        queue_names: names,
        temporal,
    })
}

/// The names of the queues it asks for.
///
/// # Errors
/// Not found, or refused where a queue is not active.
async fn queue_names(ctx: &Ctx, body: &WorkerRegister) -> Result<Vec<String>> {
    let found = queues_among(ctx.read(), ctx.org(), &body.queues).await?;
    let mut names = Vec::with_capacity(body.queues.len());
    for id in &body.queues {
        let queue = found.iter().find(|queue| queue.id == id.0);
        let Some(queue) = queue else {
            return Err(Error::not_found(format!(
                "Worker queue {id} not found; `GET /api/v1/worker-queues` lists those there are"
            )));
        };
        if queue.status != "active" {
            let (name, status) = (&queue.name, &queue.status);
            return Err(Error::refused(format!("Worker queue `{name}` is {status}, not active")));
        }
        names.push(queue.name.clone());
    }
    Ok(names)
}

fn rows(ctx: &Ctx, id: WorkerId, kind: WorkerKind, body: WorkerRegister) -> Vec<entity::Model> {
    let now = micros(ctx.now());
    let mut queues = body.queues;
    // In one order, as everybody locks; and each once.
    queues.sort_unstable();
    queues.dedup();
    let row = |queue: drover_domain::QueueId| entity::Model {
        id: id.0,
        queue_id: queue.0,
        organization_id: ctx.org().to_string(),
        kind: kind.as_str().to_owned(),
        version: body.version.clone(),
        metadata: json!({"labels": body.labels}),
        system_info: json!(body.system_info),
        logs: json!([]),
        status: "idle".to_owned(),
        tasks_processed: 0,
        current_task_id: None,
        registered_at: now,
        last_heartbeat: now,
        disconnected_at: None,
        disconnect_reason: None,
    };
    queues.into_iter().map(row).collect()
}

/// Why a worker was not let in.
pub(crate) async fn no_room(ctx: &Ctx, rows: &[entity::Model]) -> Result<Error> {
    let ids: Vec<_> = rows.iter().map(|row| drover_domain::QueueId(row.queue_id)).collect();
    let alive = queries::places_taken(ctx.read(), ctx.org(), ctx.now()).await?;
    for queue in queues_among(ctx.read(), ctx.org(), &ids).await? {
        let workers = alive.iter().find(|(id, _)| id.0 == queue.id).map_or(0, |(_, count)| *count);
        let most = queue.max_workers.and_then(|most| u32::try_from(most).ok());
        if let Some(most) = most.filter(|most| workers >= *most) {
            let name = &queue.name;
            return Ok(Error::conflict(format!(
                "Worker queue `{name}` has {workers} of at most {most} workers; stop one, or raise \
                 its `max_workers`"
            )));
        }
    }
    Ok(Error::conflict("A worker queue was changed or deleted meanwhile; register again"))
}
