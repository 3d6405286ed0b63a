//! Removes ephemeral queues that are over, and ends runs that nobody will execute for want of a queue.
//! Every replica does: what one has done the others find done.

use std::sync::Arc;
use std::time::Duration;

use drover_domain::{Error, OrgId, QueueId, Result};
use drover_store::audit;
use drover_store::queues::{entity, queries};

use crate::log::log;
use crate::plane::Plane;

/// The time between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between two for runs without a queue, which asks more of the database.
const LOOKS_PER_SWEEP: u32 = 10;
/// Queues that are looked at in one go.
const BATCH: u64 = 1000;

/// Looks once a second until the plane stops.
pub async fn clean_up(plane: Arc<Plane>) {
    let mut looks = 0_u32;
    while tokio::time::timeout(LOOK, plane.stopping.cancelled()).await.is_err() {
        looks = looks.wrapping_add(1);
        log("look for ephemeral queues that are over", look(&plane).await);
        if looks.is_multiple_of(LOOKS_PER_SWEEP) {
            log("end runs without a queue", plane.embedded.abandon_stray().await);
        }
    }
}

async fn look(plane: &Plane) -> Result<()> {
    let reader = plane.store.reader();
    for queue in queries::queues_over(reader, plane.clock.now(), BATCH).await? {
        let removed = match remove(plane, &queue).await {
            Err(Error::Stale) => passed_by(plane, &queue).await,
            removed => removed,
        };
        // One that cannot be removed now is not in the way of the others.
        log("remove an ephemeral queue", removed);
    }
    Ok(())
}

/// A queue has got a worker or a run meanwhile, or another replica was first to remove it.
async fn passed_by(plane: &Plane, queue: &entity::Model) -> Result<()> {
    let (org, id) = (OrgId::new(queue.organization_id.clone()), QueueId(queue.id));
    if queries::queue_get(plane.store.reader(), &org, id).await?.is_none() {
        plane.hub.gone(id);
    }
    Ok(())
}

/// First nobody can come any more, then what is left of its runs ends, then it goes. Cut off in
/// between, the next look does the rest.
async fn remove(plane: &Plane, queue: &entity::Model) -> Result<()> {
    let (org, id) = (OrgId::new(queue.organization_id.clone()), QueueId(queue.id));
    let mut set = plane.store.set();
    queries::queue_closes(&mut set, &org, id, plane.clock.now());
    set.changes_catalogue(&org);
    plane.store.write(set).await?;
    let name = &queue.name;
    let reason = format!("Its ephemeral worker queue `{name}` was removed: it has no worker");
    plane.embedded.abandon_queue(&org, id, &reason).await?;
    let now = plane.clock.now();
    let mut set = plane.store.set();
    queries::queue_delete(&mut set, &org, id, now);
    let entry = audit::Entry {
        id: plane.ids.next(),
        organization: &org,
        user_id: None,
        key_id: None,
        action: "queues.delete",
        target_id: id.to_string(),
        at: now,
    };
    audit::entry_insert(&mut set, entry);
    set.changes_catalogue(&org);
    plane.store.write(set).await?;
    plane.hub.gone(id);
    tracing::info!(queue.id = %id, "an ephemeral queue is over");
    Ok(())
}
