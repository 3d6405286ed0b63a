//! Workflows, as the engine starts and steers them.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use drover_domain::executions::Next;
use drover_domain::{Error, ExecutionId, QueueId, Result};
use drover_engine::{EndedOutside, Starting, Workflows};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use serde_json::Value;
use temporalio_client::errors::{WorkflowInteractionError, WorkflowStartError};
use temporalio_client::{
    Client, UntypedSignal, UntypedWorkflow, WorkflowCancelOptions, WorkflowExecutionStatus,
    WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowListOptions, WorkflowSignalOptions,
    WorkflowStartOptions, WorkflowTerminateOptions,
};
use temporalio_common::data_converters::RawValue;
use tokio_util::sync::CancellationToken;

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
    state: RwLock<State>,
}

enum State {
    Away(String),
    Connected(Client),
}

impl Temporal {
    /// Temporal at this place, not yet connected to.
    ///
    /// # Errors
    /// [`Error::Refused`] if the place is told wrongly.
    pub fn new(place: Place) -> Result<Arc<Self>> {
        place.checked()?;
        let state = RwLock::new(State::Away("Not connected to Temporal yet".to_owned()));
        Ok(Arc::new(Self { place, state }))
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
                    self.set(State::Connected(client.clone()));
                    return Some(client);
                }
                Err(error) => {
                    if !told {
                        tracing::warn!(%error, "runs are accepted, and start once it is there");
                        told = true;
                    }
                    self.set(State::Away(error.to_string()));
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

    fn set(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn client(&self) -> Result<Client> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Connected(client) => Ok(client.clone()),
            State::Away(why) => Err(Error::Unavailable(why.clone())),
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
            .build();
        let (client, kind) = (self.client()?, UntypedWorkflow::new(kind));
        match in_time(client.start_workflow(kind, input, options)).await? {
            Ok(_) | Err(WorkflowStartError::AlreadyStarted { .. }) => Ok(()),
            Err(error) => Err(unavailable("start a workflow", &error)),
        }
    }

    async fn signal(&self, execution: ExecutionId, name: &str, input: RawValue) -> Result<()> {
        let client = self.client()?;
        let handle = client.get_workflow_handle::<UntypedWorkflow>(workflow_id(execution));
        let signal =
            handle.signal(UntypedSignal::new(name), input, WorkflowSignalOptions::default());
        done(in_time(signal).await?, "signal a workflow")
    }
}

#[async_trait]
impl Workflows for Temporal {
    fn trouble(&self) -> Option<String> {
        self.client().err().map(|error| error.to_string())
    }

    async fn start(&self, run: Starting) -> Result<()> {
        let Starting { queue, next, .. } = run;
        let begin = Begin { queue, next, told: Default::default(), activities: ACTIVITIES };
        self.begin(RUN, TASK_QUEUE, run.execution, payload::write(&begin)).await
    }

    async fn steer(&self, execution: ExecutionId, next: Next) -> Result<()> {
        self.signal(execution, "steer", payload::write(&next)).await
    }

    async fn cancel(&self, execution: ExecutionId) -> Result<()> {
        let client = self.client()?;
        let handle = client.get_workflow_handle::<UntypedWorkflow>(workflow_id(execution));
        done(in_time(handle.cancel(WorkflowCancelOptions::default())).await?, "cancel")
    }

    async fn terminate(&self, execution: ExecutionId, reason: &str) -> Result<()> {
        let client = self.client()?;
        let handle = client.get_workflow_handle::<UntypedWorkflow>(workflow_id(execution));
        let options = WorkflowTerminateOptions::builder().reason(reason).build();
        done(in_time(handle.terminate(options)).await?, "terminate a workflow")
    }

    async fn start_foreign(
        &self,
        execution: ExecutionId,
        queue: QueueId,
        begin: Value,
    ) -> Result<()> {
        self.begin(FOREIGN, &queue.to_string(), execution, payload::write(&begin)).await
    }

    async fn tell_foreign(&self, execution: ExecutionId, message: Value) -> Result<()> {
        self.signal(execution, "add_message", payload::write(&message)).await
    }

    async fn end_foreign(&self, execution: ExecutionId) -> Result<()> {
        // Its handler takes no argument, not even null.
        self.signal(execution, "mark_as_done", RawValue::new(Vec::new())).await
    }

    async fn ended_outside(&self, since: Timestamp) -> Result<Vec<EndedOutside>> {
        let query = format!(
            "WorkflowType IN ('{RUN}', '{FOREIGN}') AND CloseTime > '{since}' AND \
             ExecutionStatus IN ('Terminated', 'Canceled', 'Failed', 'TimedOut')"
        );
        let options = WorkflowListOptions::builder().limit(REVIEWED).build();
        let listed = self.client()?.list_workflows(query, options).try_collect::<Vec<_>>();
        let listed = in_time(listed).await?;
        let listed = listed.map_err(|error| unavailable("list workflows", &error))?;
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

/// One that is not there, or is over, needs to know nothing.
fn done(called: Result<(), WorkflowInteractionError>, doing: &'static str) -> Result<()> {
    match called {
        Ok(()) | Err(WorkflowInteractionError::NotFound(_)) => Ok(()),
        Err(error) => Err(unavailable(doing, &error)),
    }
}

/// The SDK keeps no time limits of its own.
async fn in_time<T>(call: impl Future<Output = T>) -> Result<T> {
    let late =
        || Error::Unavailable(format!("Temporal did not answer within {} s", CALL.as_secs()));
    tokio::time::timeout(CALL, call).await.map_err(|_| late())
}

fn unavailable(doing: &str, error: &dyn std::error::Error) -> Error {
    Error::Unavailable(format!("Temporal cannot {doing}: {error}"))
}
