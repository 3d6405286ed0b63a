//! Giving work to a worker.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use drover_domain::activities::Outcome;
use drover_domain::{Error, Result, WorkerId};
use drover_engine::Offer;
use drover_wire::workers::{WorkerPoll, WorkerTask, WorkerTasks};
use futures_util::future::join_all;
use tokio::sync::oneshot;

use super::registry::Worker;
use super::variables::handed_over;
use crate::activities::{self, LeasedTask};
use crate::error::{Failure, Reply};
use crate::extract::{Body, Caller, Id};
use crate::plane::Plane;

/// Leases activities to a worker; waits for them if it says so.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<WorkerId>,
    Body(body): Body<WorkerPoll>,
) -> Reply<WorkerTasks> {
    let worker = ctx.plane().workers.get(&ctx, id).await?;
    let tasks = poll(ctx.plane(), worker, body).await.map_err(Failure)?;
    Ok(Json(WorkerTasks { tasks }))
}

async fn poll(
    plane: &Arc<Plane>,
    worker: Arc<Worker>,
    body: WorkerPoll,
) -> Result<Vec<WorkerTask>> {
    let wait = Duration::from_secs(body.wait_seconds.into());
    let offers = tokio::select! {
        biased;
        offers = plane.embedded.poll(&worker.taker, body.kind, body.at_most) => offers,
        () = worker.taker.gone().cancelled() => {
            return Err(Error::Gone("The worker has left; register again".into()));
        }
        () = plane.stopping.cancelled() => return Ok(Vec::new()),
        () = tokio::time::sleep(wait) => return Ok(Vec::new()),
    };
    // A task of its own: if the caller hangs up meanwhile, what was taken for it must not be lost.
    let (hand_over, handed) = oneshot::channel();
    let owner = plane.clone();
    plane.tasks.spawn(async move {
        let tasks = lease(&owner, &worker, offers).await;
        if let Err(unwanted) = hand_over.send(tasks) {
            give_back(&owner, &worker, unwanted).await;
        }
    });
    handed.await.map_err(|_| Error::Unavailable("The plane is shutting down".into()))
}

async fn lease(plane: &Arc<Plane>, worker: &Worker, offers: Vec<Offer>) -> Vec<WorkerTask> {
    let leased = join_all(offers.into_iter().map(|offer| activities::lease(plane, offer))).await;
    let mut tasks = Vec::with_capacity(leased.len());
    for leased in leased {
        let handed = leased.and_then(|leased| {
            let hand_over = |LeasedTask { leased, task }| {
                worker.leases.insert(leased);
                handed_over(plane, task)
            };
            leased.map(hand_over).transpose()
        });
        match handed {
            Ok(task) => tasks.extend(task),
            // It waits still, and is found by the next look.
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, source, "an activity could not be leased");
            }
        }
    }
    tasks
}

async fn give_back(plane: &Plane, worker: &Worker, tasks: Vec<WorkerTask>) {
    for WorkerTask { task, .. } in tasks {
        let Some(leased) = worker.leases.get(task.id) else {
            continue;
        };
        worker.leases.remove(task.id);
        if let Err(error) = plane.embedded.complete(&leased, Outcome::Cancelled).await {
            tracing::warn!(%error, "a lease that nobody took runs out by itself");
        }
    }
}
