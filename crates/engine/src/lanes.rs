//! What waits for a worker, in memory: a lane for each kind of slot. The rest waits in the database.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use drover_domain::activities::ActivityKind;
use drover_domain::{ActivityId, QueueId};
use futures_util::future::select_all;
use tokio::sync::Notify;

use crate::hub::{Hint, lock};

/// Activities kept ready in a lane; more wait in the database.
const READY: usize = 4096;

/// What waits for the same workers.
#[derive(Default)]
pub(crate) struct Lanes {
    turns: Lane,
    tools: Lane,
}

/// What waits for one kind of slot.
#[derive(Default)]
struct Lane {
    waiting: Mutex<Waiting>,
    wake: Notify,
    /// Takers that wait for something.
    wanting: AtomicUsize,
}

/// A taker that waits for something, for as long as this is there.
pub(crate) struct Wanting<'a> {
    lanes: &'a [Arc<Lanes>],
    kind: ActivityKind,
}

impl Drop for Wanting<'_> {
    fn drop(&mut self) {
        for lanes in self.lanes {
            lanes.of(self.kind).wanting.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[derive(Default)]
struct Waiting {
    ready: VecDeque<Ready>,
    known: HashSet<ActivityId>,
    /// Something was left in the database for want of room here.
    overflowed: bool,
}

/// An activity that waits for a worker.
#[derive(Clone)]
pub(crate) struct Ready {
    pub queue: QueueId,
    pub activity: ActivityId,
    pub hint: Hint,
}

/// What was taken from a lane.
pub(crate) struct Taken {
    pub ready: Ready,
    pub from: Arc<Lanes>,
    /// Whether more waits in the database for which there is room now.
    pub refill: bool,
}

impl Lanes {
    /// Offers an activity; a second offer of one that still waits is dropped.
    pub fn offer(&self, kind: ActivityKind, ready: Ready) {
        let lane = self.of(kind);
        let mut waiting = lock(&lane.waiting);
        if waiting.ready.len() >= READY {
            waiting.overflowed = true;
            return;
        }
        if waiting.known.insert(ready.activity) {
            waiting.ready.push_back(ready);
            drop(waiting);
            lane.wake.notify_one();
        }
    }

    /// An offered activity was taken or found taken; it may be offered again from now on.
    pub fn settled(&self, kind: ActivityKind, activity: ActivityId) {
        lock(&self.of(kind).waiting).known.remove(&activity);
    }

    /// Whether somebody waits for something here.
    pub fn is_wanted(&self) -> bool {
        let wanted = |lane: &Lane| lane.wanting.load(Ordering::SeqCst) > 0;
        wanted(&self.turns) || wanted(&self.tools)
    }

    /// Whether nothing of a kind is here.
    pub fn is_empty(&self, kind: ActivityKind) -> bool {
        lock(&self.of(kind).waiting).ready.is_empty()
    }

    /// What is offered here.
    pub fn offered(&self) -> Vec<ActivityId> {
        let of = |lane: &Lane| {
            let waiting = lock(&lane.waiting);
            waiting.ready.iter().map(|ready| ready.activity).collect::<Vec<_>>()
        };
        [of(&self.turns), of(&self.tools)].concat()
    }

    /// Takes back what was offered and is no longer to be had.
    pub fn take_back(&self, gone: &HashSet<ActivityId>) {
        for lane in [&self.turns, &self.tools] {
            let mut waiting = lock(&lane.waiting);
            let Waiting { ready, known, .. } = &mut *waiting;
            ready.retain(|ready| !gone.contains(&ready.activity) || !known.remove(&ready.activity));
        }
    }

    fn of(&self, kind: ActivityKind) -> &Lane {
        match kind {
            ActivityKind::Turn => &self.turns,
            ActivityKind::Tool => &self.tools,
        }
    }

    fn take(self: &Arc<Self>, kind: ActivityKind, at_most: usize, taken: &mut Vec<Taken>) {
        let lane = self.of(kind);
        let mut waiting = lock(&lane.waiting);
        while taken.len() < at_most
            && let Some(ready) = waiting.ready.pop_front()
        {
            let refill = waiting.overflowed && waiting.ready.len() < READY / 2;
            if refill {
                waiting.overflowed = false;
            }
            taken.push(Taken { ready, from: self.clone(), refill });
        }
        if !waiting.ready.is_empty() {
            lane.wake.notify_one();
        }
    }
}

/// Says that somebody begins to wait for something in these lanes.
pub(crate) fn want(lanes: &[Arc<Lanes>], kind: ActivityKind) -> Wanting<'_> {
    for lanes in lanes {
        lanes.of(kind).wanting.fetch_add(1, Ordering::SeqCst);
    }
    Wanting { lanes, kind }
}

/// Waits until something is ready in one of these lanes, and takes up to `at_most` of it.
/// Cancel-safe: what is not returned still waits.
pub(crate) async fn next(lanes: &[Arc<Lanes>], kind: ActivityKind, at_most: usize) -> Vec<Taken> {
    let mut taken = Vec::new();
    loop {
        for lanes in lanes {
            lanes.take(kind, at_most.max(1), &mut taken);
        }
        if !taken.is_empty() {
            return taken;
        }
        // A wake-up between the look and the wait is kept for the wait.
        match lanes {
            [one] => one.of(kind).wake.notified().await,
            [] => std::future::pending().await,
            many => {
                let woken = many.iter().map(|one| Box::pin(one.of(kind).wake.notified()));
                select_all(woken).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn ready(n: u128) -> Ready {
        let (queue, activity) = (QueueId(Uuid::nil()), ActivityId(Uuid::from_u128(n)));
        Ready { queue, activity, hint: None }
    }

    fn numbers(taken: &[Taken]) -> Vec<u128> {
        taken.iter().map(|taken| taken.ready.activity.0.as_u128()).collect()
    }

    #[tokio::test]
    async fn several_lanes_are_served_by_one_taker() {
        let lanes: [Arc<Lanes>; 2] = Default::default();
        lanes[1].offer(ActivityKind::Turn, ready(1));
        lanes[0].offer(ActivityKind::Tool, ready(2));
        assert_eq!(numbers(&next(&lanes, ActivityKind::Turn, 9).await), [1]);
        assert_eq!(numbers(&next(&lanes, ActivityKind::Tool, 9).await), [2]);
        let offer = async { lanes[1].offer(ActivityKind::Turn, ready(3)) };
        let (taken, ()) = tokio::join!(next(&lanes, ActivityKind::Turn, 9), offer);
        assert_eq!(numbers(&taken), [3]);
    }

    #[tokio::test]
    async fn who_takes_some_wakes_another_for_the_rest() {
        let lanes: [Arc<Lanes>; 1] = Default::default();
        let offer = async {
            for n in 1..=3 {
                lanes[0].offer(ActivityKind::Turn, ready(n));
            }
        };
        let (first, second, ()) = tokio::join!(
            next(&lanes, ActivityKind::Turn, 2),
            next(&lanes, ActivityKind::Turn, 2),
            offer
        );
        assert_eq!(numbers(&first).len() + numbers(&second).len(), 3);
    }

    #[tokio::test]
    async fn one_that_waits_is_not_offered_twice() {
        let lanes: [Arc<Lanes>; 1] = Default::default();
        lanes[0].offer(ActivityKind::Turn, ready(1));
        lanes[0].offer(ActivityKind::Turn, ready(1));
        let taken = next(&lanes, ActivityKind::Turn, 9).await;
        assert_eq!(numbers(&taken), [1]);
        lanes[0].offer(ActivityKind::Turn, ready(1));
        taken[0].from.settled(ActivityKind::Turn, taken[0].ready.activity);
        lanes[0].offer(ActivityKind::Turn, ready(1));
        assert_eq!(numbers(&next(&lanes, ActivityKind::Turn, 9).await), [1]);
    }

    #[tokio::test]
    async fn what_others_took_is_taken_back_and_may_be_offered_again() {
        let lanes: [Arc<Lanes>; 1] = Default::default();
        for n in 1..=3 {
            lanes[0].offer(ActivityKind::Turn, ready(n));
        }
        let gone = [ActivityId(Uuid::from_u128(1)), ActivityId(Uuid::from_u128(3))].into();
        lanes[0].take_back(&gone);
        assert_eq!(lanes[0].offered(), [ActivityId(Uuid::from_u128(2))]);
        lanes[0].offer(ActivityKind::Turn, ready(3));
        assert_eq!(numbers(&next(&lanes, ActivityKind::Turn, 9).await), [2, 3]);
        assert!(lanes[0].is_empty(ActivityKind::Turn));
    }

    #[test]
    fn a_lane_is_wanted_for_as_long_as_somebody_waits() {
        let lanes: [Arc<Lanes>; 1] = Default::default();
        let first = want(&lanes, ActivityKind::Tool);
        let second = want(&lanes, ActivityKind::Turn);
        drop(first);
        assert!(lanes[0].is_wanted());
        drop(second);
        assert!(!lanes[0].is_wanted());
    }
}
