//! Deleting a worker queue.

use axum::Json;
use drover_domain::{Error, QueueId, Result, WorkerId};
use drover_engine::Signal;
use drover_store::executions::on_queue::{runs_open_count, runs_open_on};
use drover_store::queues::{entity, queries};
use drover_store::workers::queries::{places_taken, worker_get, workers_staying};
use drover_wire::Nothing;

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Runs cancelled in one go.
const BATCH: u64 = 1000;
/// What runs say that came while the queue was deleted.
const DELETED: &str = "Its worker queue was deleted";

/// Deletes a worker queue.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<QueueId>) -> Reply<Nothing> {
    delete(&ctx, id).await?;
    Ok(Json(Nothing {}))
}

/// Deletes a queue without workers. Its runs that are over stay. One that is not over would never end,
/// so it is in the way; but an ephemeral queue is there for its client alone, who says with this that
/// nobody wants its runs any more.
async fn delete(ctx: &Ctx, id: QueueId) -> Result<()> {
    let queue = get::row(ctx, id).await?;
    without_workers(ctx, &queue).await?;
    if queue.ephemeral {
        cancel_runs(ctx, id).await?;
    }
    without_runs(ctx, &queue).await?;
    let left = workers_staying(ctx.read(), ctx.org(), id).await?;
    let mut set = ctx.set();
    queries::queue_delete(&mut set, ctx.org(), id, ctx.now());
    ctx.audit(&mut set, "queues.delete", id);
    set.changes_catalogue(ctx.org());
    match ctx.write(set).await {
        Err(Error::Stale) => {
            // Somebody came, or it is gone.
            let queue = get::row(ctx, id).await?;
            without_workers(ctx, &queue).await?;
            without_runs(ctx, &queue).await?;
            return Err(Error::Stale);
        }
        written => written?,
    }
    forget(ctx, id, left).await
}

async fn without_workers(ctx: &Ctx, queue: &entity::Model) -> Result<()> {
    let name = &queue.name;
    if name == "default" || queue.in_process {
        return Err(Error::refused(format!("Worker queue `{name}` cannot be deleted")));
    }
    let alive = places_taken(ctx.read(), ctx.org(), ctx.now()).await?;
    match alive.iter().find(|(id, _)| id.0 == queue.id) {
        Some((_, workers)) => Err(Error::refused(format!(
            "Worker queue `{name}` has active workers ({workers}); stop them first"
        ))),
        None => Ok(()),
    }
}

async fn without_runs(ctx: &Ctx, queue: &entity::Model) -> Result<()> {
    let runs = runs_open_count(ctx.read(), ctx.org(), QueueId(queue.id)).await?;
    if runs == 0 {
        return Ok(());
    }
    let name = &queue.name;
    Err(Error::conflict(format!(
        "Worker queue `{name}` has runs that are not over ({runs}); cancel them, or let them end"
    )))
}

async fn cancel_runs(ctx: &Ctx, id: QueueId) -> Result<()> {
    loop {
        let open = runs_open_on(ctx.read(), ctx.org(), id, BATCH).await?;
        let whole = u64::try_from(open.len()).is_ok_and(|count| count == BATCH);
        for run in open {
            let signal = Signal::Cancel { reason: DELETED.to_owned(), speaker: ctx.speaker() };
            match ctx.plane().engine.signal(ctx.org(), run, signal).await {
                // Deleted meanwhile.
                Ok(_) | Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if !whole {
            return Ok(());
        }
    }
}

/// Forgets what this process knows of a queue that was deleted: these workers, which were not heard
/// any more, went with it. Runs that came meanwhile end.
pub(crate) async fn forget(ctx: &Ctx, id: QueueId, left: Vec<WorkerId>) -> Result<()> {
    let plane = ctx.plane();
    for worker in left {
        plane.hub.leave_foreign(id, worker);
        if worker_get(ctx.read(), ctx.org(), worker).await?.is_empty() {
            plane.workers.dismiss(plane, worker);
        }
    }
    plane.hub.gone(id);
    plane.embedded.abandon_queue(ctx.org(), id, DELETED).await
}
