//! Ends requests that nobody has decided in time. Every replica looks; each request is ended by a
//! guarded update, so whoever sees the same one changes nothing.

use std::sync::Arc;
use std::time::Duration;

use drover_domain::{Result, micros};
use drover_store::approvals::queries::approvals_overdue;

use crate::approvals::resolve::expire;
use crate::log::log;
use crate::plane::Plane;

/// The time between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Requests that are ended in one go.
const BATCH: u64 = 256;

/// Looks once a second until the plane stops.
pub async fn watch(plane: Arc<Plane>) {
    while !ends_within(&plane, LOOK).await {
        log("look for overdue approval requests", look(&plane).await);
    }
}

async fn look(plane: &Plane) -> Result<()> {
    let now = micros(plane.clock.now());
    for row in approvals_overdue(plane.store.reader(), now, BATCH).await? {
        expire(plane, row).await?;
    }
    Ok(())
}

async fn ends_within(plane: &Plane, time: Duration) -> bool {
    tokio::time::timeout(time, plane.stopping.cancelled()).await.is_ok()
}
