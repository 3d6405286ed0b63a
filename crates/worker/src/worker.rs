//! The worker's loops: one for each kind of slot, and the heartbeat.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use drover_domain::activities::{ActivityKind, Outcome, Work};
use drover_domain::{ActivityId, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::Models;
use crate::source::{Lease, Leasing, WorkSource};
use crate::tools::Toolbox;
use crate::{tool, turn};

/// Activities that are asked for at once, where as many slots are free.
const AT_ONCE: usize = 16;
/// The wait after a source could not be asked.
const RETRY: Duration = Duration::from_millis(500);

/// How much a worker does at once.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    /// Model calls in flight: they mostly wait. Default 1024.
    pub model_calls: usize,
    /// Tool calls under way: they use this machine. Default 16.
    pub tool_calls: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Self { model_calls: 1024, tool_calls: 16 }
    }
}

/// A worker about to start.
pub struct Worker {
    /// Where work comes from.
    pub source: Arc<dyn WorkSource>,
    /// Who answers for models.
    pub models: Models,
    /// What runs tools.
    pub toolbox: Toolbox,
    /// How much at once.
    pub slots: Slots,
}

/// A running worker.
pub struct WorkerHandle {
    /// Ends what runs.
    stop: CancellationToken,
    /// Ends the taking of work.
    full: CancellationToken,
    tasks: TaskTracker,
    heartbeats: TaskTracker,
}

/// What every activity of a worker shares.
pub(crate) struct Desk {
    pub source: Arc<dyn WorkSource>,
    pub models: Models,
    pub toolbox: Toolbox,
    held: Mutex<HashSet<ActivityId>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Worker {
    /// Starts the loops.
    pub fn start(self) -> WorkerHandle {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (full, heartbeats) = (stop.child_token(), TaskTracker::new());
        let desk = Arc::new(Desk {
            source: self.source,
            models: self.models,
            toolbox: self.toolbox,
            held: Mutex::default(),
            stop: stop.clone(),
            tasks: tasks.clone(),
        });
        for (kind, slots) in [
            (ActivityKind::Turn, self.slots.model_calls),
            (ActivityKind::Tool, self.slots.tool_calls),
        ] {
            tasks.spawn(take(desk.clone(), full.clone(), kind, slots));
        }
        heartbeats.spawn(heartbeat(desk));
        WorkerHandle { stop, full, tasks, heartbeats }
    }
}

impl WorkerHandle {
    /// Takes no more work, and waits until what runs has ended.
    pub async fn drain(&self) {
        self.full.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Stops at once: model calls are dropped, tools are killed. Nothing is reported, so the runs
    /// go on where they were once somebody takes their leases.
    pub async fn stop(self) {
        self.stop.cancel();
        for tasks in [self.tasks, self.heartbeats] {
            tasks.close();
            tasks.wait().await;
        }
    }
}

/// Takes work of one kind for as long as there is a free slot, until `full`.
async fn take(desk: Arc<Desk>, full: CancellationToken, kind: ActivityKind, slots: usize) {
    let free = Arc::new(Semaphore::new(slots.max(1)));
    loop {
        let next = async {
            // Held while it waits, so that what comes has a slot for sure; more only if they are free.
            let first = free.clone().acquire_owned().await.ok()?;
            let mut permits = vec![first];
            while permits.len() < AT_ONCE
                && let Ok(permit) = free.clone().try_acquire_owned()
            {
                permits.push(permit);
            }
            Some((desk.source.poll(kind, permits.len()).await, permits))
        };
        let next = tokio::select! {
            () = full.cancelled() => return,
            next = next => next,
        };
        match next {
            None => return,
            Some((Ok(polled), permits)) => {
                for (leasing, permit) in polled.into_iter().zip(permits) {
                    desk.tasks.spawn(serve_until_stopped(desk.clone(), leasing, permit));
                }
            }
            Some((Err(error), _)) => {
                tracing::warn!(%error, "cannot ask for work");
                tokio::select! {
                    () = full.cancelled() => return,
                    () = tokio::time::sleep(RETRY) => {}
                }
            }
        }
    }
}

async fn serve_until_stopped(desk: Arc<Desk>, leasing: Leasing, slot: OwnedSemaphorePermit) {
    // Dropping kills what runs; the lease stays for the next start to find.
    tokio::select! {
        () = desk.stop.cancelled() => {}
        () = serve(&desk, leasing) => {}
    }
    drop(slot);
}

async fn serve(desk: &Desk, leasing: Leasing) {
    let lease = match leasing.await {
        Ok(Some(lease)) => lease,
        Ok(None) => return,
        Err(error) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, source, "cannot lease an activity");
            return;
        }
    };
    let Lease { task, stop } = lease;
    let held = Held::new(desk, task.id);
    let work = async {
        match &task.work {
            Work::ModelTurn(turn) => turn::run(desk, &task, turn).await,
            Work::ToolCall(call) => tool::run(desk, &task, call).await,
        }
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        () = stop.cancelled() => Ok(Outcome::Cancelled),
    };
    let reported = match outcome {
        Ok(outcome) => desk.persist(|| desk.source.complete(task.id, outcome.clone())).await,
        Err(error) => Err(error),
    };
    drop(held);
    match reported {
        Ok(()) => {}
        Err(Error::Stale) => {
            tracing::info!(execution.id = %task.execution_id, "lost a lease; somebody else goes on");
        }
        Err(error) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, source, execution.id = %task.execution_id, "cannot report");
        }
    }
}

async fn heartbeat(desk: Arc<Desk>) {
    loop {
        let held: Vec<_> =
            desk.held.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let renewed = tokio::select! {
            () = desk.stop.cancelled() => return,
            renewed = desk.source.heartbeat(held) => renewed,
        };
        if let Err(error) = renewed {
            tracing::warn!(%error, "a heartbeat did not get through");
            tokio::select! {
                () = desk.stop.cancelled() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }
}

/// An activity that counts for heartbeats while this lives.
struct Held<'a> {
    desk: &'a Desk,
    activity: ActivityId,
}

impl<'a> Held<'a> {
    fn new(desk: &'a Desk, activity: ActivityId) -> Self {
        desk.held.lock().unwrap_or_else(PoisonError::into_inner).insert(activity);
        Self { desk, activity }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut held = self.desk.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&self.activity);
    }
}
