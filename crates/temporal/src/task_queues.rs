//! The SDK's workers: of the plane's workflows, and of the activities on task queues.

use std::sync::Arc;
use std::time::Duration;

use drover_domain::activities::ActivityKind;
use drover_domain::workers::HEARTBEAT;
use drover_domain::{Error, QueueId, Result};
use temporalio_client::Client;
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::inbox::{Arrived, Inbox};
use crate::place::Place;
use crate::workflow::RunWorkflow;
use crate::workflows::{TASK_QUEUE, Temporal};

/// Workflows of runs that are kept in memory; others are read again when something happens to them.
const CACHED: usize = 1000;
/// How long a workflow waits for the replica that knew it before another takes it.
const STICKY: Duration = Duration::from_secs(2);
/// The wait before workflows are hosted again after the SDK's worker has failed.
const RETRY: Duration = Duration::from_secs(1);
/// Slots that are not used here.
const NONE: usize = 1;
/// Workflow steps at once.
const STEPS: usize = 100;

/// The end of a thread. Not joined: one that does not end must not keep the process.
type Ending = oneshot::Receiver<Result<()>>;

/// Hosts the plane's workflows until `stop`.
pub async fn host(temporal: Arc<Temporal>, stop: CancellationToken) {
    let Some(client) = temporal.connected(&stop).await else {
        return;
    };
    while !stop.is_cancelled() {
        let options =
            WorkerOptions::new(TASK_QUEUE).register_workflow::<RunWorkflow>().map(|options| {
                options
                    .max_cached_workflows(CACHED)
                    .sticky_queue_schedule_to_start_timeout(STICKY)
                    .tuner(slots(STEPS, NONE))
                    .build()
            });
        let hosted = match options {
            Ok(options) => run(client.clone(), options, stop.clone()),
            Err(error) => Err(fault("register the workflow", &error)),
        };
        let ended = match hosted {
            Ok(thread) => wait(thread).await,
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, source, "workflows are not hosted here");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

/// The activities of some task queues.
pub struct TaskQueues {
    inbox: Inbox,
    stop: CancellationToken,
    threads: std::sync::Mutex<Vec<Ending>>,
}

impl TaskQueues {
    /// Takes activities of these queues, as many at once on each as there are slots.
    ///
    /// # Errors
    /// The place is told wrongly or cannot be reached.
    pub async fn take_from(place: &Place, queues: &[QueueId], slots_each: usize) -> Result<Self> {
        let identity = format!("drover-worker-{}", std::process::id());
        let client = place.connect(&identity).await?;
        place.check_namespace(&client).await?;
        let (inbox, stop) = (Inbox::default(), CancellationToken::new());
        let mut threads = Vec::with_capacity(queues.len());
        for queue in queues {
            let options = WorkerOptions::new(queue.to_string())
                .register_activities(inbox.clone())
                .max_heartbeat_throttle_interval(HEARTBEAT.unsigned_abs())
                .tuner(slots(NONE, slots_each))
                .build();
            threads.push(run(client.clone(), options, stop.clone())?);
        }
        Ok(Self { inbox, stop, threads: std::sync::Mutex::new(threads) })
    }

    /// Waits until something of this kind is there, and takes up to `at_most` of it. Cancel-safe.
    pub async fn take(&self, kind: ActivityKind, at_most: usize) -> Vec<Arrived> {
        self.inbox.take(kind, at_most).await
    }

    /// Takes nothing more, and gives up what nobody has taken yet; what runs may end.
    pub async fn take_no_more(&self) {
        self.stop.cancel();
        self.inbox.close().await;
    }

    /// Ends; answers once Temporal has heard of everything that was dropped.
    pub async fn close(&self) {
        self.take_no_more().await;
        let threads = std::mem::take(
            &mut *self.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        for thread in threads {
            if let Err(error) = wait(thread).await {
                tracing::warn!(%error, "a task queue was not left in good order");
            }
        }
    }
}

/// Runs an SDK worker on a thread of its own, since it cannot move between threads.
fn run(client: Client, options: WorkerOptions, stop: CancellationToken) -> Result<Ending> {
    let handle = Handle::current();
    let queue = options.task_queue.clone();
    let work = move || {
        let _entered = handle.enter();
        let telemetry = RuntimeOptions::builder().heartbeat_interval(None).build();
        let telemetry = telemetry.map_err(|error| Error::fault("set Temporal up", error))?;
        let runtime =
            Runtime::from_current_tokio(telemetry).map_err(|error| fault("set up", &error))?;
        let mut worker = Worker::new(&runtime, client, options)
            .map_err(|error| fault("make a worker of Temporal's SDK", &error))?;
        let shut_down = worker.shutdown_handle();
        let ending = stop.clone();
        handle.block_on(async move {
            let told = async {
                ending.cancelled().await;
                shut_down();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                ended = worker.run() => {
                    ended.map_err(|error| fault("work for Temporal", &error))
                }
                () = told => Ok(()),
            }
        })
    };
    let (tell, ending) = oneshot::channel();
    let work = move || {
        // Nobody waits any more where the process ends.
        let _ending = tell.send(work());
    };
    let thread = std::thread::Builder::new().name(format!("temporal-{queue}")).spawn(work);
    thread.map_err(|error| fault("start a thread", &error))?;
    Ok(ending)
}

async fn wait(ending: Ending) -> Result<()> {
    ending.await.unwrap_or_else(|_| Err(Error::fault("work for Temporal", "its thread panicked")))
}

fn slots(workflows: usize, activities: usize) -> TunerHolder {
    TunerHolder::builder()
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(workflows))
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(activities))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(NONE))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(NONE))
        .build()
}

fn fault(doing: &'static str, error: &dyn std::error::Error) -> Error {
    Error::fault(doing, error.to_string())
}
