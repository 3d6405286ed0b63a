//! Where the activities of task queues arrive at a worker: Temporal hands them over one by one, a worker
//! takes them when it has a slot of their kind.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use drover_domain::ActivityId;
use drover_domain::activities::ActivityKind;
use drover_domain::executions::Next;
use drover_domain::workers::HEARTBEAT;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::payload;
use crate::workflow::Given;

/// An activity that has arrived and is held until it is done. Dropped undone, it goes to another worker.
pub struct Arrived {
    /// Which one.
    pub activity: ActivityId,
    /// Ends when its workflow wants it no more.
    pub stop: CancellationToken,
    done: oneshot::Sender<Next>,
    fate: Arc<Fate>,
}

/// Whether a worker has taken an activity, or it was given back before: whoever comes first.
#[derive(Default)]
struct Fate(AtomicBool);

impl Fate {
    /// Whether this was the first to decide.
    fn decide(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// What has arrived, by kind; shared by all task queues of a worker.
#[derive(Clone, Default)]
pub struct Inbox {
    turns: Arc<Lane>,
    tools: Arc<Lane>,
}

struct Lane {
    put: mpsc::UnboundedSender<Arrived>,
    take: Mutex<mpsc::UnboundedReceiver<Arrived>>,
}

impl Arrived {
    /// Tells the workflow what comes next.
    pub fn done(self, next: Next) {
        // Nobody waits if the workflow was cancelled meanwhile.
        let _unwanted = self.done.send(next);
    }
}

impl Default for Lane {
    fn default() -> Self {
        // Bounded by the slots that the task queues' pollers have.
        let (put, take) = mpsc::unbounded_channel();
        Self { put, take: Mutex::new(take) }
    }
}

impl Inbox {
    /// Waits until something of this kind is there, and takes up to `at_most` of it. Cancel-safe.
    pub async fn take(&self, kind: ActivityKind, at_most: usize) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        self.of(kind).take.lock().await.recv_many(&mut arrived, at_most.max(1)).await;
        arrived.retain(|arrived| arrived.fate.decide());
        arrived
    }

    /// Gives up what nobody has taken.
    pub async fn close(&self) {
        for lane in [&self.turns, &self.tools] {
            let mut take = lane.take.lock().await;
            take.close();
            while take.recv().await.is_some() {}
        }
    }

    fn of(&self, kind: ActivityKind) -> &Lane {
        match kind {
            ActivityKind::Turn => &self.turns,
            ActivityKind::Tool => &self.tools,
        }
    }
}

#[activities]
impl Inbox {
    /// Executes one activity of a run: hands it to the worker, and waits for what comes next.
    #[activity(name = "drover.activity")]
    pub async fn activity(
        self: Arc<Self>,
        context: ActivityContext,
        given: RawValue,
    ) -> Result<RawValue, ActivityError> {
        let given: Given = payload::read(&given).ok_or_else(|| failed("it names no activity"))?;
        let (done, mut finished) = oneshot::channel();
        let stop = CancellationToken::new();
        let fate = Arc::new(Fate::default());
        let (activity, token) = (given.activity, stop.clone());
        let arrived = Arrived { activity, stop: token, done, fate: fate.clone() };
        self.of(given.kind).put.send(arrived).map_err(|_| failed("the worker ends"))?;
        let mut beat = tokio::time::interval(HEARTBEAT.unsigned_abs());
        let mut patience = pin!(tokio::time::sleep(patience(context.info().attempt)));
        let mut waits = true;
        loop {
            tokio::select! {
                next = &mut finished => {
                    let next = next.map_err(|_| failed("the worker gave it up"))?;
                    return Ok(payload::write(&next));
                }
                () = context.cancelled() => {
                    stop.cancel();
                    return Err(ActivityError::cancelled());
                }
                () = &mut patience, if waits => {
                    waits = false;
                    // Another worker may have a slot.
                    if fate.decide() {
                        return Err(failed("all slots of this worker are taken"));
                    }
                }
                _ = beat.tick() => context.record_heartbeat(()).await?,
            }
        }
    }
}

/// How long an activity waits for a slot of a worker before another one is asked: longer each time,
/// since that costs the server something.
fn patience(attempt: u32) -> Duration {
    Duration::from_secs(attempt.clamp(1, 5).into())
}

fn failed(why: &'static str) -> ActivityError {
    anyhow::anyhow!(why).into()
}
