//! Takes over what other replicas have decided about workers: who has come to them, who has left, who
//! is lost; and which queues there are that every plane serves by itself, and which are gone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use drover_domain::{QueueId, Result, WorkerId};
use drover_store::activities::queries::activities_under_way;
use drover_store::queues::queries::queues_there;
use drover_store::workers::queries::{foreign_here, workers_here};

use super::lost::LOOK;
use crate::log::log;
use crate::plane::Plane;
use crate::queues;

/// Leases, or queues, asked for in one go.
const BATCH: usize = 1000;

/// Looks when others tell of something, and once a second, until the plane stops.
pub async fn follow(plane: Arc<Plane>) {
    loop {
        tokio::select! {
            () = plane.stopping.cancelled() => return,
            () = plane.hub.catalogue_elsewhere() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        log("look at the workers of other replicas", look(&plane).await);
    }
}

async fn look(plane: &Plane) -> Result<()> {
    let reader = plane.store.reader();
    queues::serve(plane).await?;
    // Before their rows: who comes in between is not mistaken for one that has left.
    let known = plane.workers.known();
    let mut rows = workers_here(reader).await?;
    rows.sort_by_key(|row| row.id);
    let mut here = HashSet::new();
    for of_one in rows.chunk_by(|one, next| one.id == next.id) {
        let id = WorkerId(of_one[0].id);
        here.insert(id);
        if !known.contains(&id) {
            plane.workers.admit(plane, of_one).await;
        }
    }
    known.difference(&here).for_each(|id| plane.workers.dismiss(plane, *id));
    let mut foreign: HashMap<QueueId, HashSet<WorkerId>> = HashMap::new();
    for row in foreign_here(reader).await? {
        foreign.entry(QueueId(row.queue_id)).or_default().insert(WorkerId(row.id));
    }
    plane.hub.foreign_are(foreign);
    forget_queues(plane).await?;
    forget_leases(plane).await
}

/// Forgets queues that were deleted elsewhere: nobody has a lease there.
async fn forget_queues(plane: &Plane) -> Result<()> {
    for known in plane.hub.known().chunks(BATCH) {
        let there = queues_there(plane.store.reader(), known).await?;
        known.iter().filter(|id| !there.contains(*id)).for_each(|id| plane.hub.gone(*id));
    }
    Ok(())
}

/// Forgets leases that were given here and ended elsewhere.
async fn forget_leases(plane: &Plane) -> Result<()> {
    for leases in plane.workers.leases().chunks(BATCH) {
        let ids: Vec<_> = leases.iter().map(|(_, leased)| leased.id).collect();
        let rows = activities_under_way(plane.store.reader(), &ids).await?;
        let held: HashSet<_> = rows
            .into_iter()
            .filter(|(_, state, _)| state == "leased")
            .map(|(id, _, attempt)| (id, u32::try_from(attempt).unwrap_or_default()))
            .collect();
        for (worker, leased) in leases {
            if !held.contains(&(leased.id, leased.attempt)) {
                worker.leases.remove_this(leased);
            }
        }
    }
    Ok(())
}
