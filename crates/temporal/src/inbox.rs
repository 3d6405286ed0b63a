//! Where the activities of task queues arrive at a worker: Temporal hands them over one by one, a worker
//! takes them when it has a slot of their kind.

use std::sync::Arc;

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
        let arrived = Arrived { activity: given.activity, stop: stop.clone(), done };
        self.of(given.kind).put.send(arrived).map_err(|_| failed("the worker ends"))?;
        let mut beat = tokio::time::interval(HEARTBEAT.unsigned_abs());
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
                _ = beat.tick() => context.record_heartbeat(()).await?,
            }
        }
    }
}

fn failed(why: &'static str) -> ActivityError {
    anyhow::anyhow!(why).into()
}
