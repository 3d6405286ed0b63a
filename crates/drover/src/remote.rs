//! A plane elsewhere as a source of work: over HTTP(S) alone, by long poll, or with activities that
//! Temporal's task queues give.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use drover_domain::activities::{ActivityKind, Failure, Outcome, Progress, Retry, Work};
use drover_domain::workers::HEARTBEAT;
use drover_domain::{ActivityId, Error, Result, WorkerId};
use drover_temporal::{Arrived, TaskQueues};
use drover_wire::Nothing;
use drover_wire::client::{Client, ClientError};
use drover_wire::workers::{
    ActivityEnd, ActivityEnded, ActivityLease, ActivityProgress, ActivityVariables, Complete,
    Disconnect, LeaseActivity, MAX_POLL, Poll, Progressed, Register, Renew, TemporalPlace,
    Variables, WorkerDisconnectRequest, WorkerPoll, WorkerRegister, WorkerRegistered, WorkerRenew,
    WorkerTask,
};
use drover_worker::{Lease, Leasing, WorkSource};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::exit::CommandError;

/// The wait before a plane is asked again that could not be reached.
const RETRY: Duration = Duration::from_millis(500);

/// A plane elsewhere.
pub struct Remote {
    this: Weak<Self>,
    client: Client,
    /// Where activities come from, if not from the plane.
    task_queues: Option<TaskQueues>,
    /// Says who this is, at every registration.
    register: WorkerRegister,
    worker: tokio::sync::RwLock<WorkerId>,
    held: Mutex<HashMap<ActivityId, Held>>,
    processed: AtomicI64,
    /// It has said that it leaves: it does not come back.
    leaving: AtomicBool,
    /// Why there is nothing more to be had, and who waits for that.
    refused: Mutex<Option<CommandError>>,
    has_refused: Notify,
}

/// An activity that runs here.
struct Held {
    stop: CancellationToken,
    attempt: u32,
    /// Reports of progress that are stored.
    reports: i32,
    /// What Temporal waits for.
    arrived: Option<Arrived>,
}

impl Remote {
    /// Registers the worker, and begins to take from Temporal where the plane says so.
    ///
    /// # Errors
    /// The plane's refusal, or that it or Temporal does not answer. Nothing stays registered then.
    pub async fn register(
        client: Client,
        register: WorkerRegister,
        config: &Config,
    ) -> std::result::Result<(Arc<Self>, WorkerRegistered), CommandError> {
        let registered = client.call::<Register>(&[], &[], &register).await?;
        let remote = |task_queues| {
            Arc::new_cyclic(|this| Self {
                this: this.clone(),
                client: client.clone(),
                task_queues,
                register: register.clone(),
                worker: registered.worker_id.into(),
                held: Mutex::default(),
                processed: AtomicI64::new(0),
                leaving: AtomicBool::new(false),
                refused: Mutex::default(),
                has_refused: Notify::new(),
            })
        };
        match task_queues(&register, &registered, config).await {
            Ok(task_queues) => Ok((remote(task_queues), registered.clone())),
            Err(error) => {
                if let Err(error) = remote(None).leave().await {
                    tracing::warn!(%error, "the plane will find out that this worker left");
                }
                Err(error)
            }
        }
    }

    /// Takes nothing more; what runs may end.
    pub async fn drain(&self) {
        if let Some(task_queues) = &self.task_queues {
            task_queues.take_no_more().await;
        }
    }

    /// Gives up what still runs, and answers once Temporal knows.
    pub async fn close(&self) {
        lock(&self.held).clear();
        if let Some(task_queues) = &self.task_queues {
            task_queues.close().await;
        }
    }

    /// Waits until the plane wants nothing more of this worker; why.
    pub async fn refusal(&self) -> CommandError {
        loop {
            if let Some(error) = lock(&self.refused).take() {
                return error;
            }
            self.has_refused.notified().await;
        }
    }

    /// Leaves: what still runs here is given to others.
    pub async fn leave(&self) -> std::result::Result<(), ClientError> {
        self.leaving.store(true, Ordering::SeqCst);
        let worker = self.worker.read().await.to_string();
        let why = WorkerDisconnectRequest { reason: Some("shutdown".into()), ..Default::default() };
        self.client.call::<Disconnect>(&[&worker], &[], &why).await.map(|_| ())
    }

    /// Holds a leased activity, and gets the variables of its tool. An error leaves the lease to
    /// lapse: its try may have been begun.
    async fn hold(
        &self,
        given: WorkerTask,
        stop: CancellationToken,
        arrived: Option<Arrived>,
    ) -> Result<Option<Lease>> {
        let WorkerTask { mut task, variables_token } = given;
        let held = Held { stop: stop.clone(), attempt: task.attempt, reports: 0, arrived };
        lock(&self.held).insert(task.id, held);
        if let (Work::ToolCall(call), Some(token)) = (&mut task.work, variables_token) {
            match self.variables(task.id, &token).await {
                Ok(variables) => call.env = variables,
                Err(error) => {
                    self.forget(task.id);
                    return Err(error);
                }
            }
        }
        Ok(Some(Lease { task, stop }))
    }

    async fn variables(&self, id: ActivityId, token: &str) -> Result<BTreeMap<String, String>> {
        let holder = self.client.with_key(token);
        match holder.call::<Variables>(&[&id.to_string()], &[], &Nothing {}).await {
            Ok(ActivityVariables { env_vars }) => Ok(env_vars),
            Err(ClientError::Refused { status, .. }) if status < 500 => Err(Error::Stale),
            Err(error) => Err(Error::Unavailable(error.to_string())),
        }
    }

    /// Leases what Temporal has given. An error gives it back: dropped, it goes to another worker.
    async fn lease_given(&self, arrived: Arrived) -> Result<Option<Lease>> {
        let worker = *self.worker.read().await;
        let path = [worker.to_string(), arrived.activity.to_string()];
        let called =
            self.client.call::<LeaseActivity>(&[&path[0], &path[1]], &[], &Nothing {}).await;
        match called {
            Ok(ActivityLease { task: Some(task), .. }) => {
                let stop = arrived.stop.clone();
                self.hold(task, stop, Some(arrived)).await
            }
            Ok(ActivityLease { task: None, next }) => {
                arrived.done(next);
                Ok(None)
            }
            Err(error) => match self.understood(worker, error).await {
                Error::Stale => Ok(None),
                error => Err(error),
            },
        }
    }

    /// What an error of the plane means for the worker.
    async fn understood(&self, worker: WorkerId, error: ClientError) -> Error {
        match error {
            ClientError::Unreachable { .. } => Error::Unavailable(error.to_string()),
            ClientError::Refused { status: 409, .. } => Error::Stale,
            ClientError::Refused { status: 404 | 410, .. } => {
                self.register_again(worker).await;
                Error::Stale
            }
            ClientError::Refused { status: 401 | 403, .. } => {
                self.end(error.into());
                Error::Stale
            }
            ClientError::Refused { status, .. } if status >= 500 || status == 429 => {
                Error::Unavailable(error.to_string())
            }
            ClientError::Refused { .. } => Error::Refused(error.to_string()),
        }
    }

    /// The plane does not know this worker any more: it was silent for too long, and what it held is
    /// with others. Registers anew, once for all who find it out at the same time.
    async fn register_again(&self, lost: WorkerId) {
        let mut worker = self.worker.write().await;
        if *worker != lost || self.leaving.load(Ordering::SeqCst) {
            return;
        }
        for (_, held) in lock(&self.held).drain() {
            held.stop.cancel();
        }
        loop {
            match self.client.call::<Register>(&[], &[], &self.register).await {
                Ok(registered) => {
                    tracing::warn!(worker.id = %registered.worker_id, "registered again");
                    *worker = registered.worker_id;
                    return;
                }
                Err(error @ ClientError::Refused { status, .. }) if status < 500 => {
                    self.end(error.into());
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot register again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    fn end(&self, error: CommandError) {
        lock(&self.refused).get_or_insert(error);
        self.has_refused.notify_one();
    }

    fn forget(&self, activity: ActivityId) {
        lock(&self.held).remove(&activity);
    }

    fn stop(&self, activities: &[ActivityId]) {
        let held = lock(&self.held);
        for held in activities.iter().filter_map(|id| held.get(id)) {
            held.stop.cancel();
        }
    }

    async fn end_with(&self, activity: ActivityId, attempt: u32, outcome: Outcome) -> Result<()> {
        let worker = *self.worker.read().await;
        let path = [worker.to_string(), activity.to_string()];
        let body = ActivityEnd { attempt, outcome };
        let called = self.client.call::<Complete>(&[&path[0], &path[1]], &[], &body).await;
        match called {
            Ok(ActivityEnded { next }) => {
                let held = lock(&self.held).remove(&activity);
                if let (Some(arrived), Some(next)) = (held.and_then(|held| held.arrived), next) {
                    arrived.done(next);
                }
                Ok(())
            }
            Err(error) => Err(self.understood(worker, error).await),
        }
    }
}

/// Begins to take from Temporal, where the plane says so.
async fn task_queues(
    register: &WorkerRegister,
    registered: &WorkerRegistered,
    config: &Config,
) -> std::result::Result<Option<TaskQueues>, CommandError> {
    let Some(TemporalPlace { address, namespace }) = &registered.temporal else {
        return Ok(None);
    };
    let address = config.temporal_address.as_ref().unwrap_or(address);
    let place = config.temporal_at(address, namespace)?;
    let slots = config.max_model_calls + config.max_tool_processes;
    Ok(Some(TaskQueues::take_from(&place, &register.queues, slots).await?))
}

#[async_trait]
impl WorkSource for Remote {
    async fn poll(&self, kind: ActivityKind, at_most: usize) -> Result<Vec<Leasing>> {
        if let Some(task_queues) = &self.task_queues {
            let arrived = task_queues.take(kind, at_most).await;
            let lease = |arrived| -> Option<Leasing> {
                let this = self.this.upgrade()?;
                Some(Box::pin(async move { this.lease_given(arrived).await }))
            };
            return Ok(arrived.into_iter().filter_map(lease).collect());
        }
        let worker = *self.worker.read().await;
        let body = WorkerPoll { kind, at_most, wait_seconds: MAX_POLL };
        match self.client.call::<Poll>(&[&worker.to_string()], &[], &body).await {
            Ok(given) => {
                let lease = |task| -> Option<Leasing> {
                    let this = self.this.upgrade()?;
                    let stop = CancellationToken::new();
                    Some(Box::pin(async move { this.hold(task, stop, None).await }))
                };
                Ok(given.tasks.into_iter().filter_map(lease).collect())
            }
            Err(error) => match self.understood(worker, error).await {
                Error::Stale => Ok(Vec::new()),
                error => Err(error),
            },
        }
    }

    async fn heartbeat(&self, held: Vec<ActivityId>) -> Result<()> {
        let worker = *self.worker.read().await;
        let body = WorkerRenew {
            activities: held,
            tasks_processed: self.processed.load(Ordering::Relaxed),
            wait_seconds: u32::try_from(HEARTBEAT.as_secs()).unwrap_or_default(),
        };
        match self.client.call::<Renew>(&[&worker.to_string()], &[], &body).await {
            Ok(renewed) => self.stop(&renewed.stop),
            Err(error) => match self.understood(worker, error).await {
                Error::Stale => {}
                error => return Err(error),
            },
        }
        Ok(())
    }

    async fn append(&self, activity: ActivityId, progress: Vec<Progress>) -> Result<()> {
        let (attempt, reports) = {
            let held = lock(&self.held);
            let held = held.get(&activity).ok_or(Error::Stale)?;
            (held.attempt, held.reports)
        };
        let worker = *self.worker.read().await;
        let path = [worker.to_string(), activity.to_string()];
        let body = ActivityProgress { attempt, number: reports + 1, progress };
        let called = self.client.call::<Progressed>(&[&path[0], &path[1]], &[], &body).await;
        match called {
            Ok(_) => {
                if let Some(held) = lock(&self.held).get_mut(&activity) {
                    held.reports += 1;
                }
                Ok(())
            }
            Err(error) => {
                let error = self.understood(worker, error).await;
                if matches!(error, Error::Stale) {
                    self.forget(activity);
                }
                Err(error)
            }
        }
    }

    async fn complete(&self, activity: ActivityId, outcome: Outcome) -> Result<()> {
        let attempt = lock(&self.held).get(&activity).ok_or(Error::Stale)?.attempt;
        let mut ended = self.end_with(activity, attempt, outcome).await;
        if let Err(Error::Refused(why)) = &ended {
            // Left at that, the activity would be tried again and again, to the same end.
            let message = format!("The plane does not take the worker's report: {why}");
            let failure = Outcome::Failed(Failure { message, retry: Retry::Never });
            ended = self.end_with(activity, attempt, failure).await;
        }
        if !matches!(ended, Err(Error::Unavailable(_))) {
            self.forget(activity);
            self.processed.fetch_add(1, Ordering::Relaxed);
        }
        ended
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
