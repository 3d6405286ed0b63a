//! Deleting an environment.

use axum::Json;
use drover_domain::executions::Status;
use drover_domain::{EnvironmentId, Error, QueueId, Result};
use drover_store::agents::queries::environment_agents_delete;
use drover_store::environments::queries;
use drover_store::executions::on_queue::runs_by_queue;
use drover_store::queues::queries::queues_all_of_environment;
use drover_store::skills::Holder;
use drover_store::skills::queries::associations_delete;
use drover_store::workers::queries::{places_taken, workers_staying};
use drover_wire::Nothing;

use super::{DEFAULT, get};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};
use crate::queues;

/// Deletes an environment.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<EnvironmentId>) -> Reply<Nothing> {
    delete(&ctx, id).await?;
    Ok(Json(Nothing {}))
}

/// Deletes an environment with its queues, where nobody works and nothing waits. Its agents stay.
pub(crate) async fn delete(ctx: &Ctx, id: EnvironmentId) -> Result<()> {
    if get::row(ctx, id).await?.name == DEFAULT {
        return Err(Error::refused("Cannot delete the default environment"));
    }
    unused(ctx, id).await?;
    let mut left = Vec::new();
    for queue in queues_all_of_environment(ctx.read(), ctx.org(), id).await? {
        let queue = QueueId(queue.id);
        left.push((queue, workers_staying(ctx.read(), ctx.org(), queue).await?));
    }
    let mut set = ctx.set();
    // First: who assigns something to it at the same time has its row, or does not find it.
    queries::environment_delete(&mut set, ctx.org(), id, ctx.now());
    environment_agents_delete(&mut set, ctx.org(), id);
    associations_delete(&mut set, ctx.org(), Holder::Environment, id.0);
    ctx.audit(&mut set, "environments.delete", id);
    set.changes_catalogue(ctx.org());
    match ctx.write(set).await {
        Err(Error::Stale) => {
            // Somebody came to one of its queues, or it is gone.
            get::row(ctx, id).await?;
            unused(ctx, id).await?;
            return Err(Error::Stale);
        }
        written => written?,
    }
    for (queue, workers) in left {
        queues::delete::forget(ctx, queue, workers).await?;
    }
    Ok(())
}

/// Refuses where a queue has workers, which would lose it, or runs, which would wait for ever.
async fn unused(ctx: &Ctx, id: EnvironmentId) -> Result<()> {
    let queues = queues_all_of_environment(ctx.read(), ctx.org(), id).await?;
    if queues.is_empty() {
        return Ok(());
    }
    let workers = places_taken(ctx.read(), ctx.org(), ctx.now()).await?;
    let open: Vec<_> = Status::ALL.into_iter().filter(|status| !status.is_terminal()).collect();
    let runs = runs_by_queue(ctx.read(), ctx.org(), &open).await?;
    for queue in queues {
        let (id, name) = (QueueId(queue.id), &queue.name);
        if let Some((_, workers)) = workers.iter().find(|(of, _)| *of == id) {
            let text =
                format!("Worker queue `{name}` has {workers} active workers; stop them first");
            return Err(Error::refused(text));
        }
        if let Some((_, runs)) = runs.iter().find(|(of, _)| *of == id) {
            let text = format!(
                "Worker queue `{name}` has {runs} executions that are not over; cancel them first"
            );
            return Err(Error::refused(text));
        }
    }
    Ok(())
}
