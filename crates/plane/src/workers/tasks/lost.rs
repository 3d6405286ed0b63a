//! Finds workers that are not heard any more: what they had leased goes on elsewhere.

use std::sync::Arc;
use std::time::Duration;

use drover_domain::executions::foreign::Report;
use drover_domain::workers::WorkerKind;
use drover_domain::{Error, OrgId, QueueId, Result, WorkerId};
use drover_store::workers::{entity, queries};
use jiff::SignedDuration;

use crate::plane::Plane;

/// The time between two looks.
pub const LOOK: Duration = Duration::from_secs(1);
/// Workers that are looked at in one go.
const BATCH: u64 = 1000;
/// How long a worker that has left is remembered.
const MEMORY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Why a worker that was not heard any more has left.
pub(crate) const REASON: &str = "lost: it was not heard any more";

/// Takes up the workers that an earlier process had. They could not be heard while there was none, so
/// they get the time of one that was heard now; not where other processes heard them all along.
pub async fn recover(plane: &Arc<Plane>) -> Result<()> {
    let now = plane.clock.now();
    let mut set = plane.store.set();
    if plane.store.was_free() {
        queries::workers_have_time(&mut set, now);
    }
    queries::workers_forget(&mut set, now.checked_sub(MEMORY).unwrap_or(now));
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
        plane.workers.admit(plane, of_one).await?;
    }
    Ok(())
}

/// Looks once a second until the plane stops.
pub async fn watch(plane: Arc<Plane>) {
    while !ends_within(&plane, LOOK).await {
        if let Err(error) = look(&plane).await {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(%error, source, "cannot look for lost workers");
        }
    }
}

async fn look(plane: &Plane) -> Result<()> {
    let reader = plane.store.reader();
    for worker in queries::workers_silent(reader, plane.clock.now(), BATCH).await? {
        lose(plane, worker).await?;
    }
    Ok(())
}

async fn lose(plane: &Plane, worker: entity::Model) -> Result<()> {
    let (id, queue) = (WorkerId(worker.id), QueueId(worker.queue_id));
    let mut set = plane.store.set();
    queries::worker_is_silent(&mut set, &worker, REASON, plane.clock.now());
    let organization = OrgId::new(worker.organization_id.clone());
    set.changes_catalogue(&organization);
    match plane.store.write(set).await {
        // It was heard after all, or has left.
        Err(Error::Stale) => return Ok(()),
        written => written?,
    }
    tracing::warn!(worker.id = %id, queue.id = %queue, "a worker is not heard any more");
    if worker.kind == WorkerKind::Foreign.as_str() {
        plane.hub.leave_foreign(queue, id);
        return plane.embedded.foreign_gone(&organization, queue, id, Report::WorkerLost).await;
    }
    plane.workers.dismiss(plane, id);
    plane.embedded.release(id, &[queue]).await
}

async fn ends_within(plane: &Plane, time: Duration) -> bool {
    tokio::time::timeout(time, plane.stopping.cancelled()).await.is_ok()
}
