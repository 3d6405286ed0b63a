//! Finds workers that are not heard any more: what they had leased goes on elsewhere. Forgets those
//! that left long ago.

use std::sync::Arc;
use std::time::Duration;

use drover_domain::executions::foreign::Report;
use drover_domain::{Error, OrgId, QueueId, Result, WorkerId};
use drover_store::WriteSet;
use drover_store::workers::{entity, queries};
use jiff::SignedDuration;

use crate::log::log;
use crate::plane::Plane;
use crate::workers::heartbeat::serve_foreign;

/// The time between two looks.
pub const LOOK: Duration = Duration::from_secs(1);
/// Looks between two that forget workers.
const LOOKS_PER_SWEEP: u32 = 3600;
/// Workers that are looked at in one go.
const BATCH: u64 = 1000;
/// How long a worker that has left is remembered.
const MEMORY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Why a worker that was not heard any more has left.
pub(crate) const REASON: &str = "lost: it was not heard any more";

/// Takes up the workers that an earlier process had. They could not be heard while there was none, so
/// they get the time of one that was heard now; not where other processes heard them all along.
pub async fn recover(plane: &Arc<Plane>) -> Result<()> {
    let mut set = plane.store.set();
    if plane.store.was_free() {
        queries::workers_have_time(&mut set, plane.clock.now());
    }
    forget(plane, &mut set);
    plane.store.write(set).await?;
    for queue in queries::queues_ever_served(plane.store.reader()).await? {
        plane.embedded.was_served(queue);
    }
    for row in queries::foreign_here(plane.store.reader()).await? {
        plane.hub.serve_foreign(QueueId(row.queue_id), WorkerId(row.id));
    }
    let mut rows = queries::workers_here(plane.store.reader()).await?;
    rows.sort_by_key(|row| row.id);
    for of_one in rows.chunk_by(|one, next| one.id == next.id) {
        plane.workers.admit(plane, of_one).await;
    }
    Ok(())
}

/// Looks once a second until the plane stops.
pub async fn watch(plane: Arc<Plane>) {
    let mut looks = 0_u32;
    while !ends_within(&plane, LOOK).await {
        looks = looks.wrapping_add(1);
        log("look for lost workers", look(&plane).await);
        if looks.is_multiple_of(LOOKS_PER_SWEEP) {
            let mut set = plane.store.set();
            forget(&plane, &mut set);
            log("forget workers that left long ago", plane.store.write(set).await);
        }
    }
}

fn forget(plane: &Plane, set: &mut WriteSet) {
    let now = plane.clock.now();
    queries::workers_forget(set, now.checked_sub(MEMORY).unwrap_or(now));
}

async fn look(plane: &Plane) -> Result<()> {
    let reader = plane.store.reader();
    for worker in queries::workers_silent(reader, plane.clock.now(), BATCH).await? {
        // One that cannot be dealt with now is not in the way of the others.
        log("deal with a lost worker", lose(plane, worker).await);
    }
    Ok(())
}

async fn lose(plane: &Plane, worker: entity::Model) -> Result<()> {
    let (id, queue) = (WorkerId(worker.id), QueueId(worker.queue_id));
    let organization = OrgId::new(worker.organization_id.clone());
    let is_foreign = worker.is_foreign();
    if is_foreign && !lose_runs(plane, &organization, &worker).await? {
        return Ok(());
    }
    let mut set = plane.store.set();
    queries::worker_is_silent(&mut set, &worker, REASON, plane.clock.now());
    set.changes_catalogue(&organization);
    match plane.store.write(set).await {
        // It was heard after all, or has left.
        Err(Error::Stale) if is_foreign => {
            return serve_foreign(plane, &organization, &worker).await.map(drop);
        }
        Err(Error::Stale) => return Ok(()),
        written => written?,
    }
    tracing::warn!(worker.id = %id, queue.id = %queue, "a worker is not heard any more");
    if is_foreign {
        return Ok(());
    }
    plane.workers.dismiss(plane, id);
    plane.embedded.release(id, &[queue]).await
}

/// Ends what a foreign worker ran, as long as it is not written down that it is gone: where this is
/// cut off or fails, the next look finds it silent still, and does the rest. Answers whether it was
/// silent until now; from then on it counts for nobody.
async fn lose_runs(plane: &Plane, organization: &OrgId, worker: &entity::Model) -> Result<bool> {
    let (id, queue) = (WorkerId(worker.id), QueueId(worker.queue_id));
    let mut set = plane.store.set();
    queries::worker_closed(&mut set, worker);
    set.changes_catalogue(organization);
    match plane.store.write(set).await {
        // It was heard after all, or has left.
        Err(Error::Stale) => return Ok(false),
        written => written?,
    }
    plane.hub.leave_foreign(queue, id);
    plane.embedded.foreign_gone(organization, queue, id, Report::WorkerLost).await?;
    Ok(true)
}

async fn ends_within(plane: &Plane, time: Duration) -> bool {
    tokio::time::timeout(time, plane.stopping.cancelled()).await.is_ok()
}
