//! Counting connections and what goes over them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use drover_domain::OrgId;
use drover_wire::connections::ConnectionStats;

/// The connections of all organizations to this process.
#[derive(Debug, Default)]
pub struct Connections(Mutex<HashMap<(OrgId, Kind), Arc<Counts>>>);

/// What kind of connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A worker's WebSocket.
    Socket,
    /// The stream of a run.
    Stream,
}

#[derive(Debug, Default)]
struct Counts {
    opened: AtomicU64,
    closed: AtomicU64,
    sent: AtomicU64,
    errors: AtomicU64,
}

/// A connection that is open until this is dropped.
#[derive(Debug)]
pub struct Open(Arc<Counts>);

impl Connections {
    /// Counts a connection that is open from now on.
    pub fn open(&self, org: &OrgId, kind: Kind) -> Open {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = all.entry((org.clone(), kind)).or_default().clone();
        counts.opened.fetch_add(1, Ordering::Relaxed);
        Open(counts)
    }

    /// What was counted of an organization.
    pub fn stats(&self, org: &OrgId, kind: Kind) -> ConnectionStats {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let none = Arc::default();
        let counts: &Counts = all.get(&(org.clone(), kind)).unwrap_or(&none);
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        // The closed first: what closes in between is open once more, never less than none.
        let closed = of(&counts.closed);
        let opened = of(&counts.opened);
        ConnectionStats {
            total_connections: opened,
            active_connections: opened.saturating_sub(closed),
            messages_sent: of(&counts.sent),
            errors: of(&counts.errors),
        }
    }
}

impl Open {
    /// Counts frames that are sent.
    pub fn sent(&self, frames: u64) {
        self.0.sent.fetch_add(frames, Ordering::Relaxed);
    }

    /// Counts something that went wrong.
    pub fn failed(&self) {
        self.0.errors.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_organization_has_its_own_counts() {
        let connections = Connections::default();
        let (acme, umbrella) = (OrgId::new("acme"), OrgId::new("umbrella"));
        let first = connections.open(&acme, Kind::Stream);
        let second = connections.open(&acme, Kind::Stream);
        first.sent(3);
        second.failed();
        drop(first);
        let stats = connections.stats(&acme, Kind::Stream);
        assert_eq!((stats.total_connections, stats.active_connections), (2, 1));
        assert_eq!((stats.messages_sent, stats.errors), (3, 1));
        assert_eq!(connections.stats(&acme, Kind::Socket).total_connections, 0);
        assert_eq!(connections.stats(&umbrella, Kind::Stream).total_connections, 0);
    }
}
