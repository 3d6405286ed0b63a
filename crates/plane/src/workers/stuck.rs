//! Which workers are stuck: they are heard, and say nothing of a run that they have. It is found out
//! from the rows whenever it is asked; nothing says so that could be out of date.

use std::collections::HashSet;

use drover_domain::executions::ExecutionFlow;
use drover_domain::{OrgId, QueueId, Result};
use drover_store::executions::silence::{SilentRun, silent_leases, silent_runs};
use drover_store::workers::queries::foreign_here;
use jiff::Timestamp;

use crate::plane::Plane;

/// A run whose worker says nothing of it, and that worker: the id of one elsewhere, as far as it said
/// which it is.
pub(super) struct Stuck {
    pub run: uuid::Uuid,
    pub worker: Option<String>,
}

/// What is stuck on a queue.
pub(super) async fn on_queue(plane: &Plane, org: &OrgId, queue: QueueId) -> Result<Vec<Stuck>> {
    let (db, before) = (plane.store.reader(), before(plane));
    let ours = silent_leases(db, Some((org, queue)), before).await?;
    let foreign = silent_runs(db, org, queue, before).await?;
    Ok(all(ours, foreign))
}

/// What is stuck anywhere.
pub(super) async fn anywhere(plane: &Plane) -> Result<Vec<Stuck>> {
    let (db, before) = (plane.store.reader(), before(plane));
    let ours = silent_leases(db, None, before).await?;
    let queues: HashSet<_> = foreign_here(db)
        .await?
        .into_iter()
        .map(|row| (row.organization_id, QueueId(row.queue_id)))
        .collect();
    let mut foreign = Vec::new();
    for (org, queue) in queues {
        foreign.extend(silent_runs(db, &OrgId::new(org), queue, before).await?);
    }
    Ok(all(ours, foreign))
}

fn before(plane: &Plane) -> Timestamp {
    let now = plane.clock.now();
    now.checked_sub(plane.embedded.stuck_after()).unwrap_or(now)
}

fn all(ours: Vec<SilentRun>, foreign: Vec<SilentRun>) -> Vec<Stuck> {
    let ours = ours.into_iter().map(|run| Stuck { run: run.id, worker: run.lease_owner });
    let foreign = foreign.into_iter().filter_map(|run| {
        let flow: ExecutionFlow = serde_json::from_str(&run.flow).ok()?;
        let worker = flow.foreign?.worker.map(|worker| worker.to_string());
        Some(Stuck { run: run.id, worker })
    });
    ours.chain(foreign).collect()
}
