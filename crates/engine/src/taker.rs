//! Who takes work: the worker of this process, or one elsewhere.

use std::sync::{Arc, Mutex};

use drover_domain::workers::WorkerKind;
use drover_domain::{ActivityId, QueueId, WorkerId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::hub::lock;
use crate::lanes::Lanes;

/// What the owner of a lease in this process is called, before the id of the process's start.
pub const IN_PROCESS: &str = "in-process-";

/// A worker, as the engine sees it: the owner of leases.
pub struct Taker {
    /// Names it as the owner of leases.
    pub(crate) owner: String,
    /// Where it takes work from.
    pub(crate) lanes: Vec<Arc<Lanes>>,
    /// What it is, if it is not the worker of this process.
    pub(crate) kind: WorkerKind,
    /// The queues it serves; empty for the worker of this process, which hears of them by the hub.
    pub(crate) queues: Vec<QueueId>,
    gone: CancellationToken,
    /// What it has to be told to stop; `None` if it holds the tokens themselves.
    stops: Option<Stops>,
}

#[derive(Default)]
struct Stops {
    activities: Mutex<Vec<ActivityId>>,
    wake: Notify,
}

impl Taker {
    pub(crate) fn in_process(owner: String, lanes: Arc<Lanes>) -> Arc<Self> {
        let (lanes, queues, gone) = (vec![lanes], Vec::new(), CancellationToken::new());
        let kind = WorkerKind::Drover;
        Arc::new(Self { owner, lanes, kind, queues, gone, stops: None })
    }

    pub(crate) fn elsewhere(
        id: WorkerId,
        kind: WorkerKind,
        queues: Vec<QueueId>,
        lanes: Vec<Arc<Lanes>>,
    ) -> Arc<Self> {
        let (owner, gone) = (id.to_string(), CancellationToken::new());
        Arc::new(Self { owner, lanes, kind, queues, gone, stops: Some(Stops::default()) })
    }

    /// Ends when the worker has left or was found lost: it gets no more work.
    pub fn gone(&self) -> &CancellationToken {
        &self.gone
    }

    /// Waits until it has to be told to stop something, and what. Cancel-safe.
    pub async fn stops(&self) -> Vec<ActivityId> {
        let Some(stops) = &self.stops else {
            return std::future::pending().await;
        };
        loop {
            let told = std::mem::take(&mut *lock(&stops.activities));
            if !told.is_empty() {
                return told;
            }
            stops.wake.notified().await;
        }
    }

    pub(crate) fn must_stop(&self, activity: ActivityId) {
        if let Some(stops) = &self.stops {
            lock(&stops.activities).push(activity);
            stops.wake.notify_one();
        }
    }
}
