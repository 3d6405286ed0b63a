//! The real clock and the real source of ids. The one place that may ask the system for either.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use drover_domain::{Clock, Ids, Result};
use drover_store::Store;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How far a clock may be from another before it is set.
const TOLERANCE: i64 = 50_000;
/// How often replicas look at the database's clock.
const LOOK: Duration = Duration::from_secs(1);

/// The system's clock; that of a replica is set to the database's, so that all of them agree on when a
/// lease has run out.
#[derive(Debug, Default)]
pub struct SystemClock {
    /// Microseconds by which the clock that counts is ahead of the system's.
    ahead: AtomicI64,
}

impl SystemClock {
    /// Sets it to the database's.
    pub async fn agree(&self, store: &Store) -> Result<()> {
        let before = system_micros();
        let there = store.database_time().await?;
        self.set(before, there, system_micros());
        Ok(())
    }

    /// Sets it to another clock, which showed `there` between two times of the system's.
    fn set(&self, before: i64, there: i64, after: i64) {
        let took = after - before;
        let ahead = there - (before + took / 2);
        // Within what a look can tell there is no difference.
        if (ahead - self.ahead.load(Ordering::Relaxed)).abs() > TOLERANCE + took / 2 {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
    }

    /// Keeps it set, until `stop`.
    pub async fn follow(self: Arc<Self>, store: Store, stop: CancellationToken) {
        while tokio::time::timeout(LOOK, stop.cancelled()).await.is_err() {
            if let Err(error) = self.agree(&store).await {
                tracing::debug!(%error, "the database does not tell the time");
            }
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = system_micros() + self.ahead.load(Ordering::Relaxed);
        Timestamp::from_microsecond(now).unwrap_or(Timestamp::MAX)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_micros() -> i64 {
    Timestamp::now().as_microsecond()
}

/// UUIDs of version 7, which sort in the order in which this process made them.
#[derive(Debug)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is the source of ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
    fn secret_bytes(&self) -> [u8; 32] {
        rand::random()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use drover_engine::Hub;
    use drover_store::DirectoryLock;

    use super::*;

    /// Some instant, in microseconds.
    const NOON: i64 = 1_790_000_000_000_000;
    const HOUR: i64 = 3_600_000_000;

    fn ahead(clock: &SystemClock) -> i64 {
        clock.ahead.load(Ordering::Relaxed)
    }

    /// A store that knows no time: only Postgres does.
    async fn store(directory: &Path) -> Store {
        let lock = DirectoryLock::take(directory).unwrap();
        Store::open_directory(directory, lock, Arc::new(Hub::default())).await.unwrap()
    }

    #[test]
    fn a_clock_that_is_set_shows_the_other_ones_time() {
        let clock = SystemClock::default();
        for hours in [1, -2, 0] {
            clock.set(NOON, NOON + hours * HOUR, NOON);
            assert_eq!(ahead(&clock), hours * HOUR);
            let before = system_micros();
            let shown = clock.now().as_microsecond() - hours * HOUR;
            assert!((before..=system_micros()).contains(&shown), "{hours} hours: {shown}");
        }
    }

    #[test]
    fn the_other_clock_was_read_in_the_middle_of_the_time_that_it_took() {
        let clock = SystemClock::default();
        clock.set(NOON, NOON + HOUR, NOON + 2_000);
        assert_eq!(ahead(&clock), HOUR - 1_000);
    }

    #[test]
    fn a_difference_that_a_look_cannot_tell_is_none() {
        let clock = SystemClock::default();
        for there in [TOLERANCE, -TOLERANCE, 1, 0] {
            clock.set(NOON, NOON + there, NOON);
            assert_eq!(ahead(&clock), 0, "{there}");
        }
        // It took four seconds, so the other clock may have been read two seconds before or after.
        let took = 4_000_000;
        clock.set(NOON, NOON + took + TOLERANCE, NOON + took);
        assert_eq!(ahead(&clock), 0);
        clock.set(NOON, NOON + took + TOLERANCE + 1, NOON + took);
        assert_eq!(ahead(&clock), took / 2 + TOLERANCE + 1);
        // Once set it stays where it is, until it differs by more again.
        let set = ahead(&clock);
        clock.set(NOON, NOON + set + TOLERANCE, NOON);
        assert_eq!(ahead(&clock), set);
        clock.set(NOON, NOON + set + TOLERANCE + 1, NOON);
        assert_eq!(ahead(&clock), set + TOLERANCE + 1);
    }

    #[tokio::test]
    async fn a_clock_that_is_not_told_the_time_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (store, clock) = (store(folder.path()).await, Arc::new(SystemClock::default()));
        clock.set(NOON, NOON + HOUR, NOON);
        assert!(clock.agree(&store).await.is_err());
        assert_eq!(ahead(&clock), HOUR);
        let stop = CancellationToken::new();
        stop.cancel();
        clock.clone().follow(store, stop).await;
        assert_eq!(ahead(&clock), HOUR);
    }

    #[test]
    fn ids_sort_in_the_order_in_which_they_are_made() {
        let ids: Vec<_> = (0..10_000).map(|_| SystemIds.next()).collect();
        assert!(ids.is_sorted());
    }
}
