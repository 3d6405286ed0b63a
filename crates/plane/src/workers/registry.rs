//! The workers that this process gives work to. What is here can be read again from their rows.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use drover_domain::workers::WorkerKind;
use drover_domain::{ActivityId, Error, OrgId, QueueId, Result, WorkerId};
use drover_engine::{Leased, Taker};
use drover_store::workers::{entity, queries};

use crate::activities::Leases;
use crate::ctx::Ctx;
use crate::plane::Plane;

/// The workers that are here, by id.
#[derive(Default)]
pub struct Registry(Mutex<HashMap<WorkerId, Arc<Worker>>>);

/// A worker that is here.
pub struct Worker {
    /// Whose it is.
    pub organization: OrgId,
    /// What it is.
    pub kind: WorkerKind,
    /// For the engine.
    pub taker: Arc<Taker>,
    /// What it has leased, as far as this process knows.
    pub leases: Leases,
}

impl Registry {
    /// Lets a worker in whose rows say that it is here; `None` if there are none.
    pub async fn admit(&self, plane: &Plane, rows: &[entity::Model]) -> Option<Arc<Worker>> {
        let row = rows.first()?;
        let id = WorkerId(row.id);
        let queues = rows.iter().map(|row| QueueId(row.queue_id)).collect();
        let kind = WorkerKind::parse(&row.kind)?;
        // Nothing is awaited until it is here, where it is found and dismissed: who asks may hang
        // up, and its queues would be left for ever to one of whom nobody knows.
        let taker = plane.embedded.admit(id, kind, queues);
        let organization = OrgId::new(row.organization_id.clone());
        let worker = Arc::new(Worker { organization, kind, taker, leases: Leases::default() });
        let kept = self.lock().entry(id).or_insert_with(|| worker.clone()).clone();
        if !Arc::ptr_eq(&kept, &worker) {
            // Two requests of it came at once.
            plane.embedded.dismiss(&worker.taker);
        } else if let Err(error) = plane.embedded.offer_to(&kept.taker).await {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(%error, source, "a worker is offered what waits a second later");
        }
        Some(kept)
    }

    /// The caller's worker with this id.
    ///
    /// # Errors
    /// Not found; gone if it has left or was found lost.
    pub async fn get(&self, ctx: &Ctx, id: WorkerId) -> Result<Arc<Worker>> {
        let known = self.lock().get(&id).cloned();
        if let Some(worker) = known.filter(|worker| worker.organization == *ctx.org()) {
            return Ok(worker);
        }
        let rows = here(ctx, id).await?;
        let admitted = self.admit(ctx.plane(), &rows).await;
        let worker = admitted.ok_or_else(|| Error::not_found("Worker not found"))?;
        // It may have left between the look and the admission, and nobody would dismiss it again.
        if let Err(error) = here(ctx, id).await {
            self.dismiss(ctx.plane(), id);
            return Err(error);
        }
        Ok(worker)
    }

    /// Gives a worker no more work.
    pub fn dismiss(&self, plane: &Plane, id: WorkerId) {
        if let Some(worker) = self.lock().remove(&id) {
            plane.embedded.dismiss(&worker.taker);
        }
    }

    /// The workers that this process knows to be here.
    pub fn known(&self) -> HashSet<WorkerId> {
        self.lock().keys().copied().collect()
    }

    /// All leases that this process knows of, with their workers.
    pub fn leases(&self) -> Vec<(Arc<Worker>, Arc<Leased>)> {
        let workers: Vec<_> = self.lock().values().cloned().collect();
        let of = |worker: Arc<Worker>| {
            let leases = worker.leases.all();
            leases.into_iter().map(move |leased| (worker.clone(), leased))
        };
        workers.into_iter().flat_map(of).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<WorkerId, Arc<Worker>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    /// The lease that a report is about.
    ///
    /// # Errors
    /// [`Error::Stale`] if the worker does not have it, or not in this try.
    pub async fn leased(
        &self,
        plane: &Plane,
        activity: ActivityId,
        attempt: u32,
    ) -> Result<Arc<Leased>> {
        if let Some(leased) = self.leases.get(activity).filter(|one| one.attempt == attempt) {
            return Ok(leased);
        }
        let org = &self.organization;
        let leased = plane.embedded.leased(&self.taker, org, activity, attempt).await?;
        Ok(self.leases.insert(leased))
    }
}

/// The rows of a worker of our own kind that has not left.
async fn here(ctx: &Ctx, id: WorkerId) -> Result<Vec<entity::Model>> {
    let rows = queries::worker_get(ctx.read(), ctx.org(), id).await?;
    if rows.iter().any(|row| row.disconnected_at.is_some()) {
        let text = "The worker has left, or was not heard for too long; register again";
        return Err(Error::Gone(text.into()));
    }
    Ok(rows.into_iter().filter(|row| !row.is_foreign()).collect())
}

/// What a worker is told that reports on a lease it has no longer.
pub(super) fn lost(error: Error) -> Error {
    match error {
        Error::Stale => Error::conflict("The lease of this activity is lost; stop it"),
        error => error,
    }
}
