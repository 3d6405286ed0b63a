//! The plane of this process as a source of work: plain calls.

use std::sync::Arc;

use async_trait::async_trait;
use drover_domain::activities::{ActivityKind, Outcome, Progress};
use drover_domain::workers::HEARTBEAT;
use drover_domain::{ActivityId, Error, Result};
use drover_engine::Offer;
use drover_plane::Plane;
use drover_plane::activities::{self, LeasedTask, Leases};
use drover_worker::{Lease, Leasing, WorkSource};
use tokio::time::sleep;

/// The plane of this process as a source of work.
pub struct InProcess {
    plane: Arc<Plane>,
    leases: Arc<Leases>,
}

impl InProcess {
    /// Work of this plane.
    pub fn new(plane: Arc<Plane>) -> Self {
        Self { plane, leases: Arc::default() }
    }

    fn leasing(&self, offer: Offer) -> Leasing {
        let (plane, leases) = (self.plane.clone(), self.leases.clone());
        Box::pin(async move {
            let Some(LeasedTask { leased, task }) = activities::lease(&plane, offer).await? else {
                return Ok(None);
            };
            let stop = leases.insert(leased).stop.clone();
            Ok(Some(Lease { task, stop }))
        })
    }
}

#[async_trait]
impl WorkSource for InProcess {
    async fn poll(&self, kind: ActivityKind, _: usize) -> Result<Vec<Leasing>> {
        let embedded = &self.plane.embedded;
        // One at a time: asking again costs nothing here, and the next slot may be free by then.
        let offers = embedded.poll(embedded.in_process(), kind, 1).await;
        Ok(offers.into_iter().map(|offer| self.leasing(offer)).collect())
    }

    async fn heartbeat(&self, held: Vec<ActivityId>) -> Result<()> {
        sleep(HEARTBEAT.unsigned_abs()).await;
        let embedded = &self.plane.embedded;
        embedded.heartbeat(embedded.in_process(), &held).await
    }

    async fn append(&self, activity: ActivityId, progress: Vec<Progress>) -> Result<()> {
        let leased = self.leases.get(activity).ok_or(Error::Stale)?;
        let appended = self.plane.embedded.append(&leased, None, progress).await;
        if matches!(appended, Err(Error::Stale)) {
            self.plane.embedded.abandon(&leased);
            self.leases.remove(activity);
        }
        appended
    }

    async fn complete(&self, activity: ActivityId, outcome: Outcome) -> Result<()> {
        let leased = self.leases.get(activity).ok_or(Error::Stale)?;
        let completed = self.plane.embedded.complete(&leased, outcome).await;
        // A disk that refuses for the moment is asked again; anything else is the end of the lease.
        if !matches!(completed, Err(Error::Unavailable(_))) {
            self.leases.remove(activity);
        }
        completed
    }
}
