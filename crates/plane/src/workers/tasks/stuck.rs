//! Tells of workers that are stuck: once in the log, and in the metrics for as long as they are. What
//! they have ends by its own limit.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use drover_domain::Result;

use crate::log::log;
use crate::plane::Plane;
use crate::workers::stuck::anywhere;

/// The longest time between two looks.
const LOOK: Duration = Duration::from_secs(10);

/// Looks until the plane stops.
pub async fn watch_stuck(plane: Arc<Plane>) {
    let bound = Duration::try_from(plane.embedded.stuck_after()).unwrap_or(LOOK);
    let mut told = HashSet::new();
    while tokio::time::timeout(LOOK.min(bound), plane.stopping.cancelled()).await.is_err() {
        log("look for workers that are stuck", look(&plane, &mut told).await);
    }
}

async fn look(plane: &Plane, told: &mut HashSet<(uuid::Uuid, Option<String>)>) -> Result<()> {
    let stuck = anywhere(plane).await?;
    let now: HashSet<_> = stuck.into_iter().map(|one| (one.run, one.worker)).collect();
    for (run, worker) in now.difference(told) {
        let (seconds, worker) = (plane.embedded.stuck_after().as_secs(), worker.as_deref());
        tracing::warn!(
            execution.id = %run, worker.id = worker, seconds,
            "a worker is heard and says nothing of a run that it has"
        );
        metrics::counter!("drover_runs_stuck_total").increment(1);
    }
    let count = u32::try_from(now.len()).unwrap_or(u32::MAX);
    metrics::gauge!("drover_runs_stuck").set(count);
    *told = now;
    Ok(())
}
