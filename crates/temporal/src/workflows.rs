//! Workflows, as the engine starts and steers them.

use std::future::Future;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use drover_domain::executions::Next;
use drover_domain::{Error, ExecutionId, QueueId, Result};
use drover_engine::{EndedOutside, Starting, Workflows};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use serde_json::Value;
use temporalio_client::{
    Client, UntypedSignal, UntypedWorkflow, WorkflowCancelOptions, WorkflowExecutionStatus,
    WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowListOptions, WorkflowSignalOptions,
    WorkflowStartOptions, WorkflowTerminateOptions,
};
use temporalio_common::data_converters::RawValue;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::payload;
use crate::place::Place;
use crate::workflow::{ACTIVITIES, Begin, RUN};

/// The task queue of the workflows, which every replica hosts.
pub const TASK_QUEUE: &str = "drover-runs";
/// The workflow that a foreign worker hosts (contract, worker protocol §2).
const FOREIGN: &str = "AgentExecutionWorkflow";
/// The longest that a call takes.
const CALL: Duration = Duration::from_secs(10);
/// The wait before another try to connect.
const RETRY: Duration = Duration::from_millis(500);
/// Workflows that are looked at in one review.
const REVIEWED: usize = 10_000;

/// Temporal, once it can be reached.
pub struct Temporal {
    place: Place,
    client: OnceLock<Client>,
    /// Why it cannot be reached at the moment.
    trouble: RwLock<Option<String>>,
}

impl Temporal {
    /// Temporal at this place, not yet connected to.
    ///
    /// # Errors
    /// [`Error::Refused`] if the place is told wrongly.
    pub fn new(place: Place) -> Result<Arc<Self>> {
        place.checked()?;
        let trouble = RwLock::new(Some("Not connected to Temporal yet".to_owned()));
        Ok(Arc::new(Self { place, client: OnceLock::new(), trouble }))
    }

    /// Connects, and tries for as long as it takes; `None` if `stop` comes first. From then on the
    /// connection mends itself.
    pub async fn connected(&self, stop: &CancellationToken) -> Option<Client> {
        let identity = format!("drover-{}", std::process::id());
        let mut told = false;
        loop {
            let tried = tokio::select! {
                () = stop.cancelled() => return None,
                tried = self.connect(&identity) => tried,
            };
            match tried {
                Ok(client) => {
                    tracing::info!(address = self.place.address, "connected to Temporal");
                    let client = self.client.get_or_init(|| client).clone();
                    self.is_reached();
                    return Some(client);
                }
                Err(error) => {
                    if !told {
                        tracing::warn!(%error, "runs are accepted, and start once it is there");
                        told = true;
                    }
                    self.is_away(error.to_string());
                }
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    async fn connect(&self, identity: &str) -> Result<Client> {
        let client = self.place.connect(identity).await?;
        self.place.check_namespace(&client).await?;
        Ok(client)
    }

    fn client(&self) -> Result<&Client> {
        self.client.get().ok_or_else(|| Error::Unavailable(self.trouble().unwrap_or_default()))
    }

    fn is_away(&self, why: String) {
        *self.trouble.write().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    fn is_reached(&self) {
        // Mostly there is nothing to write, and nobody waits for anybody.
        if self.trouble().is_some() {
            *self.trouble.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Makes a call in its time, and remembers whether Temporal was there; `None` if there is nothing
    /// to do. The SDK keeps no time limits of its own.
    async fn call<T, E: Into<Failure>>(
        &self,
        doing: &str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<Option<T>> {
        let called = match tokio::time::timeout(CALL, call).await {
            Ok(called) => called.map_err(Into::into),
            Err(_) => {
                Err(Failure::Away(format!("Temporal did not answer within {} s", CALL.as_secs())))
            }
        };
        match called {
            Ok(answer) => {
                self.is_reached();
                Ok(Some(answer))
            }
            Err(Failure::Settled) => {
                self.is_reached();
                Ok(None)
            }
            Err(Failure::Away(why)) => {
                self.is_away(why.clone());
                Err(Error::Unavailable(why))
            }
            Err(Failure::Refused(why)) => {
                Err(Error::Unavailable(format!("Temporal cannot {doing}: {why}")))
            }
        }
    }
}

impl Temporal {
    async fn begin(
        &self,
        kind: &str,
        task_queue: &str,
        execution: ExecutionId,
        input: RawValue,
    ) -> Result<()> {
        let options = WorkflowStartOptions::new(task_queue, workflow_id(execution))
            .id_reuse_policy(WorkflowIdReusePolicy::RejectDuplicate)
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
            // Its first step is taken here, if it is hosted here: a way to the server and back less.
            .enable_eager_workflow_start(true)
            .build();
        let kind = UntypedWorkflow::new(kind);
        let start = self.client()?.start_workflow(kind, input, options);
        self.call("start a workflow", start).await.map(|_| ())
    }

    async fn signal(&self, execution: ExecutionId, name: &str, input: RawValue) -> Result<bool> {
        let handle = self.client()?.get_workflow_handle::<UntypedWorkflow>(workflow_id(execution));
        let signal =
            handle.signal(UntypedSignal::new(name), input, WorkflowSignalOptions::default());
        self.call("signal a workflow", signal).await.map(|told| told.is_some())
    }
}

#[async_trait]
impl Workflows for Temporal {
    fn trouble(&self) -> Option<String> {
        self.trouble.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn is_back(&self) -> bool {
        let Some(client) = self.client.get() else {
            return false;
        };
        match self.place.check_namespace(client).await {
            Ok(()) => {
                self.is_reached();
                tracing::info!("Temporal is back");
                true
            }
            Err(error) => {
                self.is_away(error.to_string());
                false
            }
        }
    }

    async fn start(&self, run: Starting) -> Result<()> {
        let Starting { queue, next, .. } = run;
        let begin = Begin { queue, next, told: Default::default(), activities: ACTIVITIES };
        self.begin(RUN, TASK_QUEUE, run.execution, payload::write(&begin)).await
    }

    async fn steer(&self, execution: ExecutionId, next: Next) -> Result<bool> {
        self.signal(execution, "steer", payload::write(&next)).await
    }

    async fn cancel(&self, execution: ExecutionId) -> Result<()> {
        let handle = self.client()?.get_workflow_handle::<UntypedWorkflow>(workflow_id(execution));
        let cancel = handle.cancel(WorkflowCancelOptions::default());
        self.call("cancel a workflow", cancel).await.map(|_| ())
    }

    async fn terminate(&self, execution: ExecutionId, reason: &str) -> Result<()> {
        let handle = self.client()?.get_workflow_handle::<UntypedWorkflow>(workflow_id(execution));
        let options = WorkflowTerminateOptions::builder().reason(reason).build();
        self.call("terminate a workflow", handle.terminate(options)).await.map(|_| ())
    }

    async fn start_foreign(
        &self,
        execution: ExecutionId,
        queue: QueueId,
        begin: Value,
    ) -> Result<()> {
        self.begin(FOREIGN, &queue.to_string(), execution, payload::write(&begin)).await
    }

    async fn tell_foreign(&self, execution: ExecutionId, message: Value) -> Result<bool> {
        self.signal(execution, "add_message", payload::write(&message)).await
    }

    async fn end_foreign(&self, execution: ExecutionId) -> Result<()> {
        // Its handler takes no argument, not even null.
        self.signal(execution, "mark_as_done", RawValue::new(Vec::new())).await.map(|_| ())
    }

    async fn ended_outside(&self, since: Timestamp) -> Result<Vec<EndedOutside>> {
        let query = format!(
            "WorkflowType IN ('{RUN}', '{FOREIGN}') AND CloseTime > '{since}' AND \
             ExecutionStatus IN ('Terminated', 'Canceled', 'Failed', 'TimedOut')"
        );
        let options = WorkflowListOptions::builder().limit(REVIEWED).build();
        let listed = self.client()?.list_workflows(query, options).try_collect::<Vec<_>>();
        let listed = self.call("list workflows", listed).await?.unwrap_or_default();
        Ok(listed.iter().filter_map(|one| ended(one.id(), one.status())).collect())
    }
}

fn ended(id: &str, status: WorkflowExecutionStatus) -> Option<EndedOutside> {
    let execution = id.strip_prefix("agent-execution-")?.parse().ok()?;
    let how = match status {
        WorkflowExecutionStatus::Canceled => "cancelled",
        WorkflowExecutionStatus::Terminated => "terminated",
        WorkflowExecutionStatus::TimedOut => "timed out",
        _ => "made to fail",
    };
    Some(EndedOutside { execution, cancelled: how == "cancelled", how: how.to_owned() })
}

/// The id of a run's workflow (contract, worker protocol §2).
pub fn workflow_id(execution: ExecutionId) -> String {
    format!("agent-execution-{execution}")
}
