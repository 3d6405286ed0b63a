//! A Temporal server, and a run that is driven there by hand.

use std::path::PathBuf;
use std::sync::Arc;

use drover_domain::activities::ActivityKind;
use drover_domain::executions::{Next, Step};
use drover_domain::{ActivityId, ExecutionId, QueueId};
use drover_temporal::{Arrived, Begin, Place, RUN, TASK_QUEUE, TaskQueues, Temporal};
use serde::Serialize;
use temporalio_client::{
    Client, UntypedSignal, UntypedWorkflow, WorkflowExecutionStatus, WorkflowFetchHistoryOptions,
    WorkflowGetResultOptions, WorkflowHandle, WorkflowSignalOptions, WorkflowStartOptions,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Where the server is: set by `cargo xtask test`, or by hand as `cargo xtask services start` says.
const ADDRESS: &str = "DROVER_TEST_TEMPORAL_ADDRESS";
/// Adds the histories of these tests to those that are kept.
const RECORD: &str = "DROVER_RECORD_HISTORIES";

/// A run that is driven by hand: the plane and the worker are the test.
pub struct Driven {
    pub execution: ExecutionId,
    pub temporal: Arc<Temporal>,
    queues: TaskQueues,
    queue: QueueId,
    client: Client,
    stop: CancellationToken,
}

impl Driven {
    /// A fresh run, whose history begins anew after so many activities.
    pub async fn begin(activities: u32) -> Self {
        let this = Self::ready().await;
        let begin =
            Begin { queue: this.queue, next: this.step(1), told: Default::default(), activities };
        this.start_with(&begin).await;
        this
    }

    /// Everything but the workflow.
    pub async fn ready() -> Self {
        let place = place();
        let temporal = Temporal::new(place.clone()).expect("a place");
        let stop = CancellationToken::new();
        TaskTracker::new().spawn(drover_temporal::host(temporal.clone(), stop.clone()));
        let client = place.connect("tests").await.expect("a server");
        let queue = QueueId(fresh());
        let queues = TaskQueues::take_from(&place, &[queue], 4).await.expect("a task queue");
        // The engine's calls are made once it says that there is no trouble.
        while drover_engine::Workflows::trouble(&*temporal).is_some() {
            tokio::task::yield_now().await;
        }
        let execution = ExecutionId(fresh());
        Self { execution, temporal, queues, queue, client, stop }
    }

    /// Starts the workflow with any input.
    pub async fn start_with(&self, input: &impl Serialize) {
        let options = WorkflowStartOptions::new(TASK_QUEUE, self.workflow_id()).build();
        let input = drover_temporal::write(input);
        let started = self.client.start_workflow(UntypedWorkflow::new(RUN), input, options).await;
        started.expect("a workflow");
    }

    /// The run's activity with this ordinal.
    pub fn step(&self, ordinal: u32) -> Next {
        let activity = ActivityId::of(self.execution, ordinal);
        Next::Execute(Step { activity, ordinal, kind: ActivityKind::Turn, after_ms: 0 })
    }

    /// What the engine starts.
    pub fn starting(&self) -> drover_engine::Starting {
        let next = self.step(1);
        drover_engine::Starting { execution: self.execution, queue: self.queue, next }
    }

    /// The activity that a worker is given; it has to be this one.
    pub async fn given(&self, ordinal: u32) -> Arrived {
        let mut arrived = self.queues.take(ActivityKind::Turn, 1).await;
        let arrived = arrived.pop().expect("an activity");
        assert_eq!(arrived.activity, ActivityId::of(self.execution, ordinal));
        arrived
    }

    /// A signal of any shape.
    pub async fn signal(&self, payload: &impl Serialize) {
        let signal = UntypedSignal::new("steer");
        let payload = drover_temporal::write(payload);
        let options = WorkflowSignalOptions::default();
        self.handle().signal(signal, payload, options).await.expect("a signal");
    }

    /// How the workflow ends.
    pub async fn ended(&self) -> WorkflowExecutionStatus {
        let ended = self.handle().get_result(WorkflowGetResultOptions::default()).await;
        match ended {
            Ok(_) => WorkflowExecutionStatus::Completed,
            Err(error) if error.to_string().to_lowercase().contains("cancel") => {
                WorkflowExecutionStatus::Canceled
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The history of the workflow's last run as JSON, kept under this name where that is wanted.
    #[expect(clippy::disallowed_methods, reason = "it is how the tests are told")]
    pub async fn history(&self, name: &str) -> String {
        let history = self.handle().fetch_history(WorkflowFetchHistoryOptions::default());
        let history = history.to_json().await.expect("a history");
        if std::env::var(RECORD).is_ok() {
            let file = histories().join(format!("{name}.json"));
            std::fs::write(file, &history).expect("keep the history");
        }
        String::from_utf8(history).expect("JSON")
    }

    /// The workflow, whichever run of it is the last.
    pub fn handle(&self) -> WorkflowHandle<Client, UntypedWorkflow> {
        self.client.get_workflow_handle::<UntypedWorkflow>(self.workflow_id())
    }

    fn workflow_id(&self) -> String {
        drover_temporal::workflow_id(self.execution)
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An id that no other run of these tests has: the server remembers.
#[expect(clippy::disallowed_methods, reason = "there is no plane here to ask")]
fn fresh() -> Uuid {
    Uuid::now_v7()
}

/// Where kept histories are.
pub fn histories() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/histories")
}

#[expect(clippy::disallowed_methods, reason = "it is how the tests are told")]
fn place() -> Place {
    let address = std::env::var(ADDRESS).expect("a server; see `cargo xtask services start`");
    Place { address, namespace: "default".to_owned(), api_key: None, authority: None }
}
