//! The workflow that drives a run. What a run does next is decided where its rows are, in the commit
//! that records a step; this only sees to it that it happens: it has a worker execute the activity
//! that comes next, waits, and goes on with what the plane answered to the worker's report. So there is
//! one truth, nothing private is in a history, and a message of any shape can do no harm.
//!
//! This code is replayed against histories that older versions of it have written (`tests/histories`):
//! what changes the order of its commands needs `patched`.

use std::collections::VecDeque;
use std::time::Duration;

use drover_domain::activities::ActivityKind;
use drover_domain::executions::{Next, Step};
use drover_domain::workers::LEASE;
use drover_domain::{ActivityId, QueueId};
use serde::{Deserialize, Serialize};
use temporalio_common::RetryPolicy;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityExecutionError, ActivityOptions, ContinueAsNewOptions, SyncWorkflowContext,
    WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
};

use crate::inbox::Inbox;
use crate::payload;

/// What such a workflow is called.
pub const RUN: &str = "drover.run";
/// The longest that one try of an activity takes; a run's own limit is mostly much shorter.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// The wait before an activity is given to another worker; doubled with each try, up to [`AGAIN`].
const RETRY: Duration = Duration::from_millis(100);
/// The longest wait before an activity is given to a worker once more.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a worker may be silent: the server takes up to a second to notice, and then the lease has
/// run out as well.
const SILENCE: Duration = Duration::from_secs(LEASE.as_secs().unsigned_abs() - 1);
/// Activities after which the history begins anew. One has about six events; the server warns at ten
/// thousand.
pub(crate) const ACTIVITIES: u32 = 500;

/// What a workflow begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The queue of the run; its task queue has its name.
    pub queue: QueueId,
    /// What comes first.
    pub next: Next,
    /// What it was told and has not looked at yet, when it continues as new.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub told: VecDeque<Next>,
    /// Activities after which its history begins anew.
    pub activities: u32,
}

/// What a worker is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Which activity.
    pub activity: ActivityId,
    /// Which slot it takes.
    pub kind: ActivityKind,
}

/// Drives one run.
#[workflow]
pub struct RunWorkflow {
    begin: Option<Begin>,
    told: VecDeque<Next>,
}

#[workflow_methods]
impl RunWorkflow {
    /// Reads what it begins with.
    #[init]
    fn new(_: &WorkflowContextView, begin: RawValue) -> Self {
        let mut begin: Option<Begin> = payload::read(&begin);
        let told = begin.as_mut().map(|begin| std::mem::take(&mut begin.told)).unwrap_or_default();
        Self { begin, told }
    }

    /// Drives the run to its end.
    #[run(name = "drover.run")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<RawValue> {
        let Some(Begin { queue, mut next, activities, .. }) =
            ctx.state(|state| state.begin.clone())
        else {
            // Not one of ours: it has nothing to drive.
            return Ok(payload::write(&Next::End));
        };
        let mut done = 0;
        let mut last = 0;
        loop {
            match next {
                Next::End => return Ok(payload::write(&Next::End)),
                Next::Wait => next = told(ctx, last).await?,
                Next::Execute(_) if done >= activities.max(1) => {
                    let told = ctx.state_mut(|state| std::mem::take(&mut state.told));
                    let begin = payload::write(&Begin { queue, next, told, activities });
                    ctx.continue_as_new(begin, ContinueAsNewOptions::default())?;
                }
                Next::Execute(step) => {
                    done += 1;
                    last = step.ordinal;
                    next = execute(ctx, queue, step).await?;
                }
            }
        }
    }

    /// Hears what comes next from somebody else than a worker.
    #[signal(name = "steer")]
    fn steer(&mut self, _: &mut SyncWorkflowContext<Self>, next: RawValue) {
        if let Some(next) = payload::read(&next) {
            self.told.push_back(next);
        }
    }
}

/// Waits for something that comes after this activity.
async fn told(ctx: &WorkflowContext<RunWorkflow>, last: u32) -> Result<Next, WorkflowTermination> {
    loop {
        ctx.wait_condition(|state| !state.told.is_empty()).await?;
        let next = ctx.state_mut(|state| state.told.pop_front());
        match next {
            Some(Next::Execute(step)) if step.ordinal <= last => {}
            Some(Next::Wait) | None => {}
            Some(next) => return Ok(next),
        }
    }
}

/// Has a worker execute an activity; answers what comes next.
async fn execute(
    ctx: &WorkflowContext<RunWorkflow>,
    queue: QueueId,
    step: Step,
) -> Result<Next, WorkflowTermination> {
    if step.after_ms > 0 {
        ctx.timer(Duration::from_millis(step.after_ms)).await;
    }
    if ctx.cancellation_token().is_cancelled() {
        return Err(WorkflowTermination::cancelled());
    }
    let retry = RetryPolicy::builder().initial_interval(RETRY).maximum_interval(AGAIN).build();
    let options = ActivityOptions::with_start_to_close_timeout(LONGEST)
        .task_queue(queue.to_string())
        .heartbeat_timeout(SILENCE)
        .retry_policy(retry)
        .build();
    let given = payload::write(&Given { activity: step.activity, kind: step.kind });
    match ctx.execute_activity(Inbox::activity, given, options).await {
        Ok(next) => Ok(payload::read(&next).unwrap_or_else(|| again(step))),
        Err(ActivityExecutionError::Cancelled(_)) => Err(WorkflowTermination::cancelled()),
        // Somebody else's worker may answer anything; what counts is what the plane says next time.
        Err(_) => Ok(again(step)),
    }
}

fn again(step: Step) -> Next {
    let after_ms = u64::try_from(AGAIN.as_millis()).unwrap_or_default();
    Next::Execute(Step { after_ms, ..step })
}
