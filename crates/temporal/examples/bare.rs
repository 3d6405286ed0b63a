//! What Temporal does without Drover: workflows of one activity that does nothing, with the client and
//! the workers' settings of `Temporal`, `host` and `TaskQueues`. Runs of Drover are measured against it.
//!
//! `bare ADDRESS RUNS CALLERS` prints `{"runs_per_s": N}`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use drover_temporal::Place;
use serde_json::json;
use temporalio_client::{
    Client, UntypedWorkflow, WorkflowGetResultOptions, WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy, WorkflowStartOptions,
};
use temporalio_common::RetryPolicy;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::{
    ActivityOptions, Runtime, Worker, WorkerOptions, WorkflowContext, WorkflowContextView,
    WorkflowResult,
};
use tokio::runtime::Handle;
use uuid::Uuid;

/// What the workflow is called.
const BARE: &str = "drover.bare";
/// The settings of `drover_temporal::host`.
const CACHED: usize = 1000;
const STICKY: Duration = Duration::from_secs(2);
const STEPS: usize = 100;
/// What `drover worker` has slots for.
const ACTIVITIES: usize = 1040;
/// The time limits of a run's workflow.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
const LEASE: Duration = Duration::from_secs(15);
const AGAIN: Duration = Duration::from_secs(1);
/// Runs before those that count.
const WARM: usize = 8;

/// Has its one activity executed.
#[workflow]
struct Bare {
    queue: String,
}

#[workflow_methods]
impl Bare {
    #[init]
    fn new(_: &WorkflowContextView, queue: String) -> Self {
        Self { queue }
    }

    #[run(name = "drover.bare")]
    async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let queue = ctx.state(|state| state.queue.clone());
        let retry = RetryPolicy::builder().initial_interval(AGAIN).backoff_coefficient(1.0).build();
        let options = ActivityOptions::with_start_to_close_timeout(LONGEST)
            .task_queue(queue.clone())
            .heartbeat_timeout(LEASE)
            .retry_policy(retry)
            .build();
        Ok(ctx.execute_activity(Nothing::activity, queue, options).await?)
    }
}

/// Does nothing.
struct Nothing;

#[activities]
impl Nothing {
    #[activity(name = "drover.nothing")]
    async fn activity(_: ActivityContext, given: String) -> Result<String, ActivityError> {
        Ok(given)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().context("bare ADDRESS RUNS CALLERS");
    let (address, runs, callers) = (next()?, next()?.parse()?, next()?.parse()?);
    let place = Place { address, namespace: "default".to_owned(), api_key: None, authority: None };
    // Queues of its own: other workers may be on the server.
    let queues = [fresh(), fresh()];
    let client = place.connect("bare").await?;
    let workflows = WorkerOptions::new(queues[0].clone())
        .register_workflow::<Bare>()?
        .max_cached_workflows(CACHED)
        .sticky_queue_schedule_to_start_timeout(STICKY)
        .tuner(slots(STEPS, 1))
        .build();
    let activities = WorkerOptions::new(queues[1].clone())
        .register_activities(Nothing)
        .tuner(slots(1, ACTIVITIES))
        .build();
    // A connection each, as a plane and a worker have.
    host(place.connect("bare").await?, workflows)?;
    host(place.connect("bare").await?, activities)?;
    let queues = Arc::new(queues);
    run(&client, &queues, WARM, WARM).await?;
    let began = Instant::now();
    run(&client, &queues, runs, callers).await?;
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "there are fewer runs than 2^52")]
    let runs_per_s = runs as f64 / seconds;
    println!("{}", json!({ "runs_per_s": runs_per_s }));
    // The workers have threads of their own, which wait for ever.
    std::process::exit(0)
}

/// So many callers start workflows, each the next one when its last has ended.
async fn run(
    client: &Client,
    queues: &Arc<[String; 2]>,
    runs: usize,
    callers: usize,
) -> Result<()> {
    let taken = AtomicUsize::new(0);
    let call = || async {
        while taken.fetch_add(1, Ordering::Relaxed) < runs {
            let options = WorkflowStartOptions::new(queues[0].clone(), fresh())
                .id_reuse_policy(WorkflowIdReusePolicy::RejectDuplicate)
                .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
                .build();
            let input = drover_temporal::write(&queues[1]);
            let kind = UntypedWorkflow::new(BARE);
            let run = client.start_workflow(kind, input, options).await?;
            let _: RawValue = run.get_result(WorkflowGetResultOptions::default()).await?;
        }
        anyhow::Ok(())
    };
    futures::future::try_join_all((0..callers).map(|_| call())).await?;
    Ok(())
}

/// Runs an SDK worker on a thread of its own until the process ends.
fn host(client: Client, options: WorkerOptions) -> Result<()> {
    let handle = Handle::current();
    std::thread::Builder::new().spawn(move || {
        let _entered = handle.enter();
        let work = || {
            let telemetry = RuntimeOptions::builder().heartbeat_interval(None).build();
            let telemetry = telemetry.map_err(|error| anyhow!("{error}"))?;
            let runtime = Runtime::from_current_tokio(telemetry)?;
            let mut worker = Worker::new(&runtime, client, options)
                .map_err(|error| anyhow!("make a worker: {error}"))?;
            handle.block_on(worker.run()).map_err(|error| anyhow!("work: {error}"))
        };
        if let Err(error) = work() {
            eprintln!("{error:#}");
            std::process::exit(1);
        }
    })?;
    Ok(())
}

/// A name that nobody else has.
#[expect(clippy::disallowed_methods, reason = "nobody needs to know it")]
fn fresh() -> String {
    format!("bare-{}", Uuid::new_v4())
}

fn slots(workflows: usize, activities: usize) -> TunerHolder {
    TunerHolder::builder()
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(workflows))
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(activities))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(1))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(1))
        .build()
}
