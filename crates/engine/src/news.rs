//! What other processes that share the database have committed, until somebody here has looked.

use std::sync::Mutex;

use drover_store::{Changes, Which};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::hub::{Hub, lock};

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
}

/// Whether it is not known what changed.
pub(crate) fn is_vague(changes: &Changes) -> bool {
    changes.logs == Which::All || changes.stops == Which::All
}
