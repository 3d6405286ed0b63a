//! Wake-ups within the process: who watches a run, what waits for the local worker, what must stop.
//! Fed by the store after each commit. Nothing here is a truth: all of it can be read again.

use std::any::Any;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use drover_domain::activities::ActivityKind;
use drover_domain::executions::StoredEvent;
use drover_domain::{ActivityId, ExecutionId, OrgId, QueueId};
use drover_store::{Listener, Notice};
use jiff::Timestamp;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

/// Activities kept ready in memory; the rest waits in the database.
const READY: usize = 4096;
/// Batches of events a slow watcher may lag behind before it has to read the log again.
const BATCHES: usize = 256;

type Forget = Box<dyn Fn(&OrgId) + Send + Sync>;
type Hint = Option<Arc<dyn Any + Send + Sync>>;

/// The wake-ups of one process.
#[derive(Default)]
pub struct Hub {
    watchers: Mutex<HashMap<ExecutionId, broadcast::Sender<Arc<[StoredEvent]>>>>,
    served: RwLock<HashSet<QueueId>>,
    turns: Lane,
    tools: Lane,
    /// Activities that wait for their time; the engine's clock moves them to a lane.
    later: Mutex<Vec<(Timestamp, ActivityKind, Ready)>>,
    running: Mutex<HashMap<ExecutionId, Running>>,
    forget: RwLock<Vec<Forget>>,
}

/// What a run does here at the moment.
struct Running {
    activity: ActivityId,
    attempt: u32,
    stop: CancellationToken,
}

/// A look at a run's events as they are committed.
pub struct Watch {
    receiver: broadcast::Receiver<Arc<[StoredEvent]>>,
    hub: Arc<Hub>,
    execution: ExecutionId,
}

impl Watch {
    /// The next batch; `None` if this watcher fell behind and has to read the log.
    pub async fn next(&mut self) -> Option<Arc<[StoredEvent]>> {
        match self.receiver.recv().await {
            Ok(events) => Some(events),
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            // The hub drops a sender only with its last watcher.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watchers = lock(&self.hub.watchers);
        // This one still counts.
        if watchers.get(&self.execution).is_some_and(|sender| sender.receiver_count() <= 1) {
            watchers.remove(&self.execution);
        }
    }
}

/// What waits for one kind of slot.
#[derive(Default)]
struct Lane {
    queue: Mutex<Queue>,
    wake: Notify,
}

#[derive(Default)]
struct Queue {
    ready: VecDeque<Ready>,
    known: HashSet<ActivityId>,
    /// Something was left in the database for want of room here.
    overflowed: bool,
}

/// An activity that waits for the local worker.
#[derive(Clone)]
pub(crate) struct Ready {
    pub activity: ActivityId,
    pub hint: Hint,
}

impl Hub {
    /// Watches a run: every batch of events after this call.
    pub fn watch(self: &Arc<Self>, execution: ExecutionId) -> Watch {
        let mut watchers = lock(&self.watchers);
        let sender = watchers.entry(execution).or_insert_with(|| broadcast::channel(BATCHES).0);
        Watch { receiver: sender.subscribe(), hub: self.clone(), execution }
    }

    /// Says that the worker of this process serves a queue.
    pub fn serve(&self, queue: QueueId) {
        self.served.write().unwrap_or_else(PoisonError::into_inner).insert(queue);
    }

    /// The queues that the worker of this process serves.
    pub fn served(&self) -> Vec<QueueId> {
        let served = self.served.read().unwrap_or_else(PoisonError::into_inner);
        served.iter().copied().collect()
    }

    /// Whether the worker of this process serves a queue.
    pub fn serves(&self, queue: QueueId) -> bool {
        self.served.read().unwrap_or_else(PoisonError::into_inner).contains(&queue)
    }

    /// Calls `forget` whenever something of an organization's catalogue changes.
    pub fn on_catalogue_change(&self, forget: impl Fn(&OrgId) + Send + Sync + 'static) {
        self.forget.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(forget));
    }

    /// Waits for something ready. The second value says that more waits in the database.
    pub(crate) async fn next(&self, kind: ActivityKind) -> (Ready, bool) {
        let lane = self.lane(kind);
        loop {
            let woken = lane.wake.notified();
            {
                let mut queue = lock(&lane.queue);
                if let Some(ready) = queue.ready.pop_front() {
                    let refill = queue.overflowed && queue.ready.len() < READY / 2;
                    if refill {
                        queue.overflowed = false;
                    }
                    if !queue.ready.is_empty() {
                        lane.wake.notify_one();
                    }
                    return (ready, refill);
                }
            }
            woken.await;
        }
    }

    /// Offers an activity to the local worker; a second offer of one that still waits is dropped.
    pub(crate) fn offer(&self, kind: ActivityKind, ready: Ready) {
        let lane = self.lane(kind);
        let mut queue = lock(&lane.queue);
        if queue.ready.len() >= READY {
            queue.overflowed = true;
            return;
        }
        if queue.known.insert(ready.activity) {
            queue.ready.push_back(ready);
            drop(queue);
            lane.wake.notify_one();
        }
    }

    /// Offers an activity once its time has come.
    pub(crate) fn offer_at(&self, kind: ActivityKind, ready: Ready, at: Timestamp) {
        lock(&self.later).push((at, kind, ready));
    }

    /// Moves what is due to the lanes.
    pub(crate) fn release_due(&self, now: Timestamp) {
        let mut later = lock(&self.later);
        let due: Vec<_> = later.extract_if(.., |(at, ..)| *at <= now).collect();
        drop(later);
        for (_, kind, ready) in due {
            self.offer(kind, ready);
        }
    }

    /// An offered activity was taken or found taken; it may be offered again from now on.
    pub(crate) fn taken(&self, kind: ActivityKind, activity: ActivityId) {
        lock(&self.lane(kind).queue).known.remove(&activity);
    }

    /// A token that ends when this try of the run's activity must stop. Dropped with
    /// [`Hub::ended`].
    pub(crate) fn begin(
        &self,
        execution: ExecutionId,
        activity: ActivityId,
        attempt: u32,
    ) -> CancellationToken {
        let stop = CancellationToken::new();
        let running = Running { activity, attempt, stop: stop.clone() };
        lock(&self.running).insert(execution, running);
        stop
    }

    /// This try of the run's activity ended here. The next activity may have begun already: its
    /// token stays.
    pub(crate) fn ended(&self, execution: ExecutionId, activity: ActivityId, attempt: u32) {
        let mut running = lock(&self.running);
        let is_this = |one: &Running| one.activity == activity && one.attempt == attempt;
        if running.get(&execution).is_some_and(is_this) {
            running.remove(&execution);
        }
    }

    fn lane(&self, kind: ActivityKind) -> &Lane {
        match kind {
            ActivityKind::Turn => &self.turns,
            ActivityKind::Tool => &self.tools,
        }
    }

    fn publish(&self, execution: ExecutionId, events: Vec<StoredEvent>) {
        let watchers = lock(&self.watchers);
        if let Some(sender) = watchers.get(&execution) {
            // An error means that the last watcher is just leaving.
            let _leaving = sender.send(events.into());
        }
    }
}

impl Listener for Hub {
    fn committed(&self, notices: Vec<Notice>) {
        for notice in notices {
            match notice {
                Notice::Events { execution, events } => self.publish(execution, events),
                Notice::Ready { queue, activity, kind, not_before, hint } => {
                    if self.serves(queue) {
                        let ready = Ready { activity, hint };
                        if not_before > Timestamp::UNIX_EPOCH {
                            self.offer_at(kind, ready, not_before);
                        } else {
                            self.offer(kind, ready);
                        }
                    }
                }
                Notice::Stop { execution } => {
                    if let Some(running) = lock(&self.running).get(&execution) {
                        running.stop.cancel();
                    }
                }
                Notice::Catalogue { organization } => {
                    let forget = self.forget.read().unwrap_or_else(PoisonError::into_inner);
                    forget.iter().for_each(|forget| forget(&organization));
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_end_of_one_activity_leaves_the_next_one_stoppable() {
        let hub = Hub::default();
        let execution = ExecutionId(Uuid::from_u128(1));
        let (first, second) = (ActivityId(Uuid::from_u128(2)), ActivityId(Uuid::from_u128(3)));
        hub.begin(execution, first, 1);
        let stop = hub.begin(execution, second, 1);
        hub.ended(execution, first, 1);
        hub.committed(vec![Notice::Stop { execution }]);
        assert!(stop.is_cancelled());
        let again = hub.begin(execution, second, 2);
        hub.ended(execution, second, 1);
        hub.committed(vec![Notice::Stop { execution }]);
        assert!(again.is_cancelled());
    }
}
