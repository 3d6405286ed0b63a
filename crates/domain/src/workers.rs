//! Workers: the processes that execute activities, and when one counts as lost.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The worker protocol spoken here. A worker of another one is refused.
pub const PROTOCOL: u32 = 1;
/// How long a lease lasts without a heartbeat.
pub const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// The time between two heartbeats; a lease lasts three.
pub const HEARTBEAT: SignedDuration = SignedDuration::from_secs(5);
/// How long a worker may be heard and say nothing of a run that it has, before it counts as stuck: twice
/// the silence of a model at which a worker of ours gives up. Unless the plane is told otherwise.
pub const STUCK_AFTER: SignedDuration = SignedDuration::from_secs(600);
/// Queues that one worker may serve.
pub const MAX_QUEUES: usize = 100;

/// What kind of worker it is: it chooses who drives the runs of its queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkerKind {
    /// `drover worker` that takes activities from the plane, by long poll.
    Drover,
    /// `drover worker` that takes activities from Temporal's task queues.
    Temporal,
    /// The reference's Python worker, which hosts workflows of its own.
    Foreign,
}

impl WorkerKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Drover, Self::Temporal, Self::Foreign];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drover => "drover",
            Self::Temporal => "temporal",
            Self::Foreign => "foreign",
        }
    }
    /// Reads the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
    /// The silence after which such a worker counts as lost. A foreign one sends a heartbeat a minute
    /// (contract, workers §2.2: 150 s).
    pub fn patience(self) -> SignedDuration {
        match self {
            Self::Drover | Self::Temporal => LEASE,
            Self::Foreign => SignedDuration::from_secs(150),
        }
    }
    /// The instant up to which a worker must have been heard to be alive now.
    pub fn heard_since(self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.patience()).unwrap_or(Timestamp::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_heartbeats_may_be_missed() {
        assert_eq!(HEARTBEAT * 3, LEASE);
        assert_eq!(WorkerKind::Drover.patience(), LEASE);
    }

    #[test]
    fn stored_words_are_read_back() {
        for kind in WorkerKind::ALL {
            assert_eq!(WorkerKind::parse(kind.as_str()), Some(kind));
        }
    }
}
