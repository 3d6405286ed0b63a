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
        let took = system_micros() - before;
        let ahead = there - (before + took / 2);
        // Within what a look can tell there is no difference.
        if (ahead - self.ahead.load(Ordering::Relaxed)).abs() > TOLERANCE + took / 2 {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        Ok(())
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
    use super::*;

    #[test]
    fn ids_sort_in_the_order_in_which_they_are_made() {
        let ids: Vec<_> = (0..10_000).map(|_| SystemIds.next()).collect();
        assert!(ids.is_sorted());
    }
}
