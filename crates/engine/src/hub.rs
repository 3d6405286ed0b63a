//! Wake-ups within the process: who watches a run, what waits for which worker, what must stop.
//! Fed by the store after each commit. Nothing here is a truth: all of it can be read again.
//! Not here: what waits in a lane (`lanes`), what other processes committed (`news`).

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use drover_domain::activities::ActivityKind;
use drover_domain::executions::StoredEvent;
use drover_domain::{ActivityId, ExecutionId, OrgId, QueueId, WorkerId};
use drover_store::outbox::entity as outbox;
use drover_store::{Changes, Listener, Notice};
use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::lanes::{Lanes, Ready};
use crate::news::News;
use crate::taker::Taker;

/// Batches of events a slow watcher may lag behind before it has to read the log again.
const BATCHES: usize = 256;

type Forget = Box<dyn Fn(Option<&OrgId>) + Send + Sync>;
pub(crate) type Hint = Option<Arc<dyn Any + Send + Sync>>;

/// The wake-ups of one process.
#[derive(Default)]
pub struct Hub {
    /// This process has no worker.
    only_elsewhere: bool,
    pub(crate) watchers: Mutex<HashMap<ExecutionId, Watched>>,
    /// What waits for the worker of this process, whatever its queue.
    in_process: Arc<Lanes>,
    queues: RwLock<Queues>,
    /// Activities that wait for their time; the engine's clock moves them to a lane.
    later: Mutex<Vec<(Timestamp, ActivityKind, Ready)>>,
    pub(crate) running: Mutex<HashMap<ExecutionId, Running>>,
    forget: RwLock<Vec<Forget>>,
    teller: Mutex<Option<mpsc::UnboundedSender<outbox::Model>>>,
    /// What other processes have committed, until somebody looks.
    pub(crate) news: News,
}

/// A run that is watched.
pub(crate) struct Watched {
    sender: broadcast::Sender<Arc<[StoredEvent]>>,
    /// The last entry of its log that watchers were told of.
    pub told: i64,
}

/// Who serves which queue.
#[derive(Default)]
struct Queues {
    in_process: HashSet<QueueId>,
    /// Queues with workers elsewhere; what waits on them waits for those alone.
    elsewhere: HashMap<QueueId, Elsewhere>,
    /// Queues with workers of ours that take from Temporal: how many.
    task_queues: HashMap<QueueId, usize>,
    /// Queues that have had workers elsewhere: those may have left leases.
    known: HashSet<QueueId>,
    /// Foreign workers by queue. They take runs and not activities, so nothing is offered to them.
    foreign: HashMap<QueueId, HashSet<WorkerId>>,
}

/// What drives the runs of a queue whose workers take from Temporal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// A workflow of ours, with workers of ours.
    Ours,
    /// A worker that hosts workflows of its own.
    Foreign,
}

struct Elsewhere {
    lanes: Arc<Lanes>,
    workers: usize,
}

/// What a run does at the moment, and with whom.
pub(crate) struct Running {
    pub activity: ActivityId,
    pub attempt: u32,
    pub stop: CancellationToken,
    taker: Arc<Taker>,
    /// Whether the lease is on disk.
    pub held: bool,
}

/// A look at a run's events as they are committed.
pub struct Watch {
    receiver: broadcast::Receiver<Arc<[StoredEvent]>>,
    hub: Arc<Hub>,
    execution: ExecutionId,
}

impl Watch {
    /// The next batch; `None` if this watcher fell behind, or entries were committed elsewhere: then it
    /// has to read the log.
    pub async fn next(&mut self) -> Option<Arc<[StoredEvent]>> {
        match self.receiver.recv().await {
            // Entries that were committed elsewhere are told without them.
            Ok(events) => Some(events).filter(|events| !events.is_empty()),
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
        if watchers.get(&self.execution).is_some_and(|one| one.sender.receiver_count() <= 1) {
            watchers.remove(&self.execution);
        }
    }
}

impl Hub {
    /// Watches a run: every batch of events after this call.
    pub fn watch(self: &Arc<Self>, execution: ExecutionId) -> Watch {
        let mut watchers = lock(&self.watchers);
        let new = || Watched { sender: broadcast::channel(BATCHES).0, told: 0 };
        let watched = watchers.entry(execution).or_insert_with(new);
        Watch { receiver: watched.sender.subscribe(), hub: self.clone(), execution }
    }

    /// The wake-ups of a process without a worker.
    pub fn without_worker() -> Self {
        Self { only_elsewhere: true, ..Self::default() }
    }

    /// Says that the worker of this process serves a queue, if there is one.
    pub fn serve(&self, queue: QueueId) {
        if !self.only_elsewhere {
            self.write_queues().in_process.insert(queue);
        }
    }

    /// Says that the worker of this process takes nothing more from a queue. It may have leases there.
    pub fn rest(&self, queue: QueueId) {
        let mut queues = self.write_queues();
        queues.in_process.remove(&queue);
        queues.known.insert(queue);
    }

    /// A queue was deleted: nobody has left a lease there. Saying it twice is saying it once.
    pub fn gone(&self, queue: QueueId) {
        let mut queues = self.write_queues();
        queues.in_process.remove(&queue);
        queues.known.remove(&queue);
    }

    /// Whether the worker of this process serves a queue, as long as nobody else does.
    pub fn serves_here(&self, queue: QueueId) -> bool {
        self.read_queues().in_process.contains(&queue)
    }

    /// Whether the worker of this process takes what waits on a queue: it serves it, and the queue
    /// is not left to others.
    pub fn takes_here(&self, queue: QueueId) -> bool {
        self.lanes(queue).is_some_and(|lanes| Arc::ptr_eq(&lanes, &self.in_process))
    }

    /// A worker elsewhere begins to serve a queue. Until the last such worker leaves, what waits on
    /// the queue is for them and not for the worker of this process.
    pub(crate) fn serve_elsewhere(&self, queue: QueueId) -> Arc<Lanes> {
        let mut queues = self.write_queues();
        queues.known.insert(queue);
        let elsewhere = queues
            .elsewhere
            .entry(queue)
            .or_insert_with(|| Elsewhere { lanes: Arc::default(), workers: 0 });
        elsewhere.workers += 1;
        elsewhere.lanes.clone()
    }

    /// A worker elsewhere has left a queue. What was offered to it is found by the next look.
    pub(crate) fn leave(&self, queue: QueueId) {
        let mut queues = self.write_queues();
        if let Some(elsewhere) = queues.elsewhere.get_mut(&queue) {
            elsewhere.workers -= 1;
            if elsewhere.workers == 0 {
                queues.elsewhere.remove(&queue);
            }
        }
    }

    /// A worker begins to take what waits on a queue from Temporal.
    pub(crate) fn serve_task_queue(&self, queue: QueueId) {
        let mut queues = self.write_queues();
        queues.known.insert(queue);
        *queues.task_queues.entry(queue).or_default() += 1;
    }

    /// A worker takes nothing more from Temporal.
    pub(crate) fn leave_task_queue(&self, queue: QueueId) {
        let mut queues = self.write_queues();
        if let Some(workers) = queues.task_queues.get_mut(&queue) {
            *workers -= 1;
            if *workers == 0 {
                queues.task_queues.remove(&queue);
            }
        }
    }

    /// What drives the runs of a queue, if its workers take from Temporal. Ours go first.
    pub fn driver(&self, queue: QueueId) -> Option<Driver> {
        if self.read_queues().task_queues.contains_key(&queue) {
            return Some(Driver::Ours);
        }
        self.is_foreign(queue).then_some(Driver::Foreign)
    }

    /// The queues whose workers take from Temporal.
    pub(crate) fn task_queues(&self) -> Vec<QueueId> {
        let queues = self.read_queues();
        queues.task_queues.keys().chain(queues.foreign.keys()).copied().collect()
    }

    /// Hands what has to be told to Temporal to whoever tells it.
    pub(crate) fn tell(&self, teller: mpsc::UnboundedSender<outbox::Model>) {
        *lock(&self.teller) = Some(teller);
    }

    /// Says that workers elsewhere have served a queue, before this process began.
    pub(crate) fn was_served(&self, queue: QueueId) {
        self.write_queues().known.insert(queue);
    }

    /// The queues that have a worker.
    pub fn served(&self) -> Vec<QueueId> {
        let queues = self.read_queues();
        let mut served = queues.in_process.clone();
        served.extend(queues.elsewhere.keys());
        served.into_iter().collect()
    }

    /// The queues on which workers elsewhere, or that of this process before they were paused, may
    /// have left leases. Some of them may be gone by now: [`Hub::gone`] forgets one.
    pub fn known(&self) -> Vec<QueueId> {
        self.read_queues().known.iter().copied().collect()
    }

    /// The queues that have or have had a worker.
    pub(crate) fn ever_served(&self) -> Vec<QueueId> {
        let queues = self.read_queues();
        queues.in_process.union(&queues.known).copied().collect()
    }

    /// Whether a queue has a worker that takes activities.
    pub fn serves(&self, queue: QueueId) -> bool {
        self.lanes(queue).is_some() || self.read_queues().task_queues.contains_key(&queue)
    }

    /// Whether a queue has a worker of any kind.
    pub fn has_worker(&self, queue: QueueId) -> bool {
        self.serves(queue) || self.has_foreign(queue)
    }

    /// Where what waits on a queue is offered; `None` if nobody serves it, or foreign workers alone.
    pub(crate) fn lanes(&self, queue: QueueId) -> Option<Arc<Lanes>> {
        let queues = self.read_queues();
        match queues.elsewhere.get(&queue) {
            Some(elsewhere) => Some(elsewhere.lanes.clone()),
            None if queues.foreign.contains_key(&queue) => None,
            None => queues.in_process.contains(&queue).then(|| self.in_process.clone()),
        }
    }

    /// Whether a queue has a foreign worker, whoever else serves it.
    pub(crate) fn has_foreign(&self, queue: QueueId) -> bool {
        self.read_queues().foreign.contains_key(&queue)
    }

    /// Whether foreign workers drive the runs of a queue: it has one, and none of our own kind
    /// elsewhere. What waits on it is left to them, not to the worker of this process.
    pub fn is_foreign(&self, queue: QueueId) -> bool {
        let queues = self.read_queues();
        queues.foreign.contains_key(&queue)
            && !queues.elsewhere.contains_key(&queue)
            && !queues.task_queues.contains_key(&queue)
    }

    /// A foreign worker serves a queue. Saying it twice is saying it once.
    pub fn serve_foreign(&self, queue: QueueId, worker: WorkerId) {
        self.write_queues().foreign.entry(queue).or_default().insert(worker);
    }

    /// The foreign workers of all queues, as the rows tell.
    pub fn foreign_are(&self, foreign: HashMap<QueueId, HashSet<WorkerId>>) {
        self.write_queues().foreign = foreign;
    }

    /// A foreign worker has left a queue. What waits there is found by the next look.
    pub fn leave_foreign(&self, queue: QueueId, worker: WorkerId) {
        let mut queues = self.write_queues();
        if let Some(workers) = queues.foreign.get_mut(&queue) {
            workers.remove(&worker);
            if workers.is_empty() {
                queues.foreign.remove(&queue);
            }
        }
    }

    /// The lanes of the worker of this process.
    pub(crate) fn in_process(&self) -> &Arc<Lanes> {
        &self.in_process
    }

    fn read_queues(&self) -> RwLockReadGuard<'_, Queues> {
        self.queues.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_queues(&self) -> RwLockWriteGuard<'_, Queues> {
        self.queues.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `forget` whenever something of an organization's catalogue changes; without one, if it
    /// may be that of any.
    pub fn on_catalogue_change(&self, forget: impl Fn(Option<&OrgId>) + Send + Sync + 'static) {
        self.forget.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(forget));
    }

    /// Offers an activity to whoever serves its queue.
    pub(crate) fn offer(&self, kind: ActivityKind, ready: Ready) {
        if let Some(lanes) = self.lanes(ready.queue) {
            lanes.offer(kind, ready);
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

    /// A token that ends when this try of the run's activity must stop. Dropped with
    /// [`Hub::ended`].
    pub(crate) fn begin(
        &self,
        execution: ExecutionId,
        activity: ActivityId,
        attempt: u32,
        taker: &Arc<Taker>,
    ) -> CancellationToken {
        let stop = CancellationToken::new();
        let (stopped, taker) = (stop.clone(), taker.clone());
        let running = Running { activity, attempt, stop: stopped, taker, held: false };
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

    /// All lanes.
    pub(crate) fn all_lanes(&self) -> Vec<Arc<Lanes>> {
        let queues = self.read_queues();
        let elsewhere = queues.elsewhere.values().map(|elsewhere| elsewhere.lanes.clone());
        elsewhere.chain([self.in_process.clone()]).collect()
    }

    fn publish(&self, execution: ExecutionId, events: Vec<StoredEvent>) {
        let mut watchers = lock(&self.watchers);
        if let Some(watched) = watchers.get_mut(&execution) {
            watched.told = events.last().map_or(watched.told, |last| last.seq.max(watched.told));
            // An error means that the last watcher is just leaving.
            let _leaving = watched.sender.send(events.into());
        }
    }

    pub(crate) fn stop(&self, execution: ExecutionId) {
        if let Some(running) = lock(&self.running).get(&execution) {
            running.stop.cancel();
            running.taker.must_stop(running.activity);
        }
        self.news.stops.notify_waiters();
    }

    pub(crate) fn forget(&self, organization: Option<&OrgId>) {
        let forget = self.forget.read().unwrap_or_else(PoisonError::into_inner);
        forget.iter().for_each(|forget| forget(organization));
    }
}

impl Watched {
    pub fn look(&self) {
        // An error means that the last watcher is just leaving.
        let _leaving = self.sender.send(Arc::new([]));
    }
}

impl Listener for Hub {
    fn committed(&self, notices: Vec<Notice>) {
        for notice in notices {
            match notice {
                Notice::Events { execution, events } => self.publish(execution, events),
                Notice::Ready { queue, activity, kind, not_before, hint } => {
                    let ready = Ready { queue, activity, hint };
                    if not_before <= Timestamp::UNIX_EPOCH {
                        self.offer(kind, ready);
                    } else if self.lanes(queue).is_some() {
                        self.offer_at(kind, ready, not_before);
                    }
                }
                Notice::Stop { execution } => self.stop(execution),
                Notice::Outbox { row } => {
                    if let Some(teller) = &*lock(&self.teller) {
                        // At the end of the process; the row's claim runs out.
                        let _ending = teller.send(*row);
                    }
                }
                Notice::Catalogue { organization } => self.forget(Some(&organization)),
            }
        }
    }

    fn elsewhere(&self, changes: Changes) {
        self.hear(changes);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
        let taker = Taker::in_process("me".into(), hub.in_process().clone());
        hub.begin(execution, first, 1, &taker);
        let stop = hub.begin(execution, second, 1, &taker);
        hub.ended(execution, first, 1);
        hub.committed(vec![Notice::Stop { execution }]);
        assert!(stop.is_cancelled());
        let again = hub.begin(execution, second, 2, &taker);
        hub.ended(execution, second, 1);
        hub.committed(vec![Notice::Stop { execution }]);
        assert!(again.is_cancelled());
    }
    #[test]
    fn a_queue_with_workers_elsewhere_is_left_to_them() {
        let hub = Hub::default();
        let queue = QueueId(Uuid::from_u128(1));
        hub.serve(queue);
        let ours = hub.lanes(queue).expect("served");
        assert!(hub.takes_here(queue));
        let theirs = hub.serve_elsewhere(queue);
        hub.serve_elsewhere(queue);
        assert!(Arc::ptr_eq(&hub.lanes(queue).expect("served"), &theirs));
        hub.leave(queue);
        assert!(Arc::ptr_eq(&hub.lanes(queue).expect("served"), &theirs));
        assert!(hub.serves_here(queue) && !hub.takes_here(queue));
        hub.leave(queue);
        assert!(Arc::ptr_eq(&hub.lanes(queue).expect("served"), &ours));
        assert!(hub.takes_here(queue));
        let other = QueueId(Uuid::from_u128(2));
        hub.serve_elsewhere(other);
        hub.leave(other);
        assert!(!hub.serves(other));
        assert_eq!(hub.ever_served().len(), 2);
        hub.gone(other);
        assert_eq!((hub.known(), hub.ever_served()), (vec![queue], vec![queue]));
    }
    #[test]
    fn a_queue_with_foreign_workers_alone_is_left_to_them() {
        let hub = Hub::default();
        let queue = QueueId(Uuid::from_u128(1));
        let (one, other) = (WorkerId(Uuid::from_u128(2)), WorkerId(Uuid::from_u128(3)));
        hub.serve(queue);
        hub.serve_foreign(queue, one);
        hub.serve_foreign(queue, one);
        hub.serve_foreign(queue, other);
        assert!(!hub.serves(queue) && hub.has_worker(queue) && hub.is_foreign(queue));
        assert!(hub.serves_here(queue) && !hub.takes_here(queue));
        hub.serve_elsewhere(queue);
        assert!(hub.serves(queue) && !hub.is_foreign(queue) && hub.has_foreign(queue));
        hub.leave(queue);
        hub.leave_foreign(queue, one);
        assert!(!hub.serves(queue));
        hub.leave_foreign(queue, other);
        assert!(hub.serves(queue) && !hub.has_foreign(queue) && hub.takes_here(queue));
    }
}
