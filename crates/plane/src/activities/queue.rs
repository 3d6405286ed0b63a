//! Which queue a run goes to (contract, jobs, "Queue selection").

use std::sync::Arc;

use drover_domain::{EnvironmentId, Error, QueueId, Result};
use drover_store::environments;
use drover_store::queues::{entity, queries};
use drover_store::workers::queries::workers_alive;

use crate::ctx::Ctx;

/// The queue with this name or id, in the caller's organization.
pub async fn queue(ctx: &Ctx, name_or_id: &str) -> Result<Option<Arc<entity::Model>>> {
    let read = async {
        let row = queries::queue_by_name(ctx.read(), ctx.org(), name_or_id).await?;
        Ok(row.map(|row| (ctx.org().clone(), row)))
    };
    let key = (ctx.org().clone(), Some(name_or_id.to_owned()));
    ctx.plane().caches.queues.get_or_read(&key, read).await
}

/// The queue for a run that names none: one with a worker before one without, then the oldest.
pub async fn any_queue(ctx: &Ctx) -> Result<Arc<entity::Model>> {
    let read = async {
        let queues = queries::queue_list(ctx.read(), ctx.org()).await?;
        let queue = best(ctx, queues).await?;
        Ok(queue.map(|row| (ctx.org().clone(), row)))
    };
    let key = (ctx.org().clone(), None);
    let queue = ctx.plane().caches.queues.get_or_read(&key, read).await?;
    queue.ok_or_else(|| Error::refused("The organization has no active worker queue; create one"))
}

/// The queue for a run of this environment, chosen in the same way.
pub async fn queue_of_environment(ctx: &Ctx, name: &str) -> Result<Arc<entity::Model>> {
    let environment =
        environments::queries::environment_by_name(ctx.read(), ctx.org(), name).await?;
    let environment = environment
        .ok_or_else(|| Error::refused(format!("Environment `{name}` does not exist")))?;
    let queue = best_queue(ctx, EnvironmentId(environment.id)).await?;
    queue.map(Arc::new).ok_or_else(|| {
        Error::refused(format!("Environment `{name}` has no active worker queue; create one"))
    })
}

/// The same, of an environment that is there.
pub async fn best_queue(ctx: &Ctx, environment: EnvironmentId) -> Result<Option<entity::Model>> {
    let queues = queries::queues_of_environment(ctx.read(), ctx.org(), environment).await?;
    best(ctx, queues).await
}

/// The first active queue that has a worker, or the first active one.
async fn best(ctx: &Ctx, queues: Vec<entity::Model>) -> Result<Option<entity::Model>> {
    let alive = workers_alive(ctx.read(), ctx.org(), ctx.now()).await?;
    let is_served = |queue: &entity::Model| {
        ctx.plane().hub.serves_here(QueueId(queue.id))
            || alive.iter().any(|(id, _)| id.0 == queue.id)
    };
    let active = queues.into_iter().filter(|queue| queue.status == "active");
    // `min_by_key` keeps the first of equals, and the oldest comes first.
    Ok(active.min_by_key(|queue| !is_served(queue)))
}
