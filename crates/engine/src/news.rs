//! What other processes that share the database have committed, until somebody here has looked.

use std::sync::Mutex;

use drover_domain::{ActivityId, ExecutionId, QueueId};
use drover_store::{Changes, Which};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::hub::{Hub, Running, Watched, lock};

/// What is new.
#[derive(Default)]
pub(crate) struct News {
    changes: Mutex<Changes>,
    wake: Notify,
    /// Wakes who holds catalogues against what is here.
    catalogues: Notify,
    /// Wakes who waits for something to stop.
    pub stops: Notify,
}

impl News {
    pub fn add(&self, changes: Changes) {
        if !changes.catalogues.is_empty() {
            self.catalogues.notify_one();
        }
        lock(&self.changes).merge(changes);
        self.wake.notify_one();
    }

    /// Waits for something new. Cancel-safe.
    pub async fn next(&self) -> Changes {
        loop {
            let changes = std::mem::take(&mut *lock(&self.changes));
            if !changes.is_empty() {
                return changes;
            }
            self.wake.notified().await;
        }
    }
}

impl Hub {
    /// Waits until a catalogue has changed elsewhere: who serves which queue is part of it. For one
    /// who waits.
    pub async fn catalogue_elsewhere(&self) {
        self.news.catalogues.notified().await;
    }

    /// Ends when the next run is stopped, here or elsewhere. What is stopped after this call ends it,
    /// whether it is awaited by then or not.
    pub fn next_stop(&self) -> Notified<'_> {
        self.news.stops.notified()
    }

    /// Takes up what was committed elsewhere; what takes a look into the database is left to who waits
    /// for it.
    pub(crate) fn hear(&self, changes: Changes) {
        // First: who looks because of the rest must not find what was remembered.
        match &changes.catalogues {
            Which::These(organizations) => {
                organizations.iter().for_each(|one| self.forget(Some(one)));
            }
            Which::All => self.forget(None),
        }
        match &changes.stops {
            Which::These(executions) => executions.iter().for_each(|one| self.stop(*one)),
            Which::All => self.news.stops.notify_waiters(),
        }
        if let Which::These(executions) = &changes.logs {
            let watchers = lock(&self.watchers);
            executions.iter().filter_map(|one| watchers.get(one)).for_each(Watched::look);
        }
        self.news.add(changes);
    }

    /// The lease of what has begun is on disk.
    pub(crate) fn holds(&self, one: UnderWay) {
        if let Some(running) = lock(&self.running).get_mut(&one.execution)
            && (running.activity, running.attempt) == (one.activity, one.attempt)
        {
            running.held = true;
        }
    }

    /// What is under way here by a lease that was on disk.
    pub(crate) fn under_way(&self) -> Vec<UnderWay> {
        let running = lock(&self.running);
        let held = running.iter().filter(|(_, one)| one.held);
        let under_way = held.map(|(&execution, one)| {
            let Running { activity, attempt, .. } = *one;
            UnderWay { execution, activity, attempt }
        });
        under_way.collect()
    }

    /// Stops a try whose lease is lost.
    pub(crate) fn lost(&self, one: UnderWay) {
        let mut running = lock(&self.running);
        let is_this =
            |known: &Running| (known.activity, known.attempt) == (one.activity, one.attempt);
        if running.get(&one.execution).is_some_and(is_this)
            && let Some(lost) = running.remove(&one.execution)
        {
            lost.stop.cancel();
        }
    }

    /// The runs that are watched.
    pub(crate) fn watched(&self) -> Vec<ExecutionId> {
        lock(&self.watchers).keys().copied().collect()
    }

    /// Says how far a log goes; who watches reads what is new to them.
    pub(crate) fn reaches(&self, execution: ExecutionId, seq: i64) {
        if let Some(watched) = lock(&self.watchers).get_mut(&execution)
            && watched.told < seq
        {
            watched.told = seq;
            watched.look();
        }
    }

    /// Those of these queues for which somebody here waits for work.
    pub(crate) fn wanted(&self, queues: &Which<QueueId>) -> Vec<QueueId> {
        let mut wanted = match queues {
            Which::These(queues) => queues.iter().copied().collect(),
            Which::All => self.served(),
        };
        wanted.retain(|queue| self.lanes(*queue).is_some_and(|lanes| lanes.is_wanted()));
        wanted
    }
}

/// A try of an activity that is under way here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnderWay {
    pub execution: ExecutionId,
    pub activity: ActivityId,
    pub attempt: u32,
}

/// Whether it is not known what changed.
pub(crate) fn is_vague(changes: &Changes) -> bool {
    changes.logs == Which::All || changes.stops == Which::All
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use drover_domain::OrgId;
    use drover_domain::activities::ActivityKind;
    use drover_domain::executions::{EventKind, StoredEvent};
    use drover_store::{Listener, Notice};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::taker::Taker;

    #[tokio::test]
    async fn who_watches_hears_of_what_was_committed_elsewhere() {
        let hub = Arc::new(Hub::default());
        let execution = ExecutionId(Uuid::from_u128(1));
        let mut watch = hub.watch(execution);
        let logs = Which::These([execution].into());
        hub.elsewhere(Changes { logs, ..Changes::default() });
        assert!(watch.next().await.is_none(), "it reads the log");
        hub.reaches(execution, 3);
        assert!(watch.next().await.is_none());
        hub.reaches(execution, 3);
        let at = Timestamp::UNIX_EPOCH;
        let event = StoredEvent { seq: 4, kind: EventKind::Done, data: "{}".into(), at };
        hub.committed(vec![Notice::Events { execution, events: vec![event] }]);
        let events = watch.next().await.expect("nothing new between");
        assert_eq!(events[0].seq, 4);
    }

    #[tokio::test]
    async fn what_changes_elsewhere_is_forgotten_stopped_and_looked_for() {
        let hub = Arc::new(Hub::default());
        let (execution, queue) = (ExecutionId(Uuid::from_u128(1)), QueueId(Uuid::from_u128(2)));
        let forgotten = Arc::new(Mutex::new(Vec::new()));
        let forgets = forgotten.clone();
        hub.on_catalogue_change(move |whose| lock(&forgets).push(whose.cloned()));
        let taker = Taker::in_process("me".into(), hub.in_process().clone());
        let stop = hub.begin(execution, ActivityId(Uuid::from_u128(3)), 1, &taker);
        let next_stop = hub.next_stop();
        let changes = Changes {
            stops: Which::These([execution].into()),
            queues: Which::These([queue].into()),
            catalogues: Which::These([OrgId::new("acme")].into()),
            ..Changes::default()
        };
        hub.elsewhere(changes.clone());
        assert!(stop.is_cancelled());
        next_stop.await;
        hub.catalogue_elsewhere().await;
        assert_eq!(hub.news.next().await, changes);
        hub.elsewhere(Changes::everything());
        assert_eq!(*lock(&forgotten), [Some(OrgId::new("acme")), None]);
        // Nobody here waits for work of that queue until somebody does.
        hub.serve(queue);
        assert_eq!(hub.wanted(&changes.queues), []);
        let lanes = [hub.in_process().clone()];
        let _wanting = crate::lanes::want(&lanes, ActivityKind::Turn);
        assert_eq!(hub.wanted(&changes.queues), [queue]);
        assert_eq!(hub.wanted(&Which::All), [queue]);
    }

    #[test]
    fn only_what_is_held_can_be_found_lost() {
        let hub = Hub::default();
        let execution = ExecutionId(Uuid::from_u128(1));
        let one = UnderWay { execution, activity: ActivityId(Uuid::from_u128(2)), attempt: 1 };
        let taker = Taker::in_process("me".into(), hub.in_process().clone());
        let stop = hub.begin(execution, one.activity, 1, &taker);
        assert_eq!(hub.under_way(), [], "its lease is on its way to the disk");
        hub.holds(UnderWay { attempt: 2, ..one });
        assert_eq!(hub.under_way(), []);
        hub.holds(one);
        assert_eq!(hub.under_way(), [one]);
        hub.lost(UnderWay { attempt: 2, ..one });
        assert!(!stop.is_cancelled());
        hub.lost(one);
        assert!(stop.is_cancelled());
        assert_eq!(hub.under_way(), []);
    }
}
