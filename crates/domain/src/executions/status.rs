//! The state machine of a run (contract, executions, "State machine").

use serde::{Deserialize, Serialize};

/// Where a run stands. Terminal states are sticky.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted; no worker has taken it yet.
    Pending,
    /// Lost its worker, or waits for a slot; will run again.
    Queued,
    /// A worker owns it.
    Running,
    /// Waits for a message of a person.
    WaitingForInput,
    /// Held by a person.
    Paused,
    /// Ended well.
    Completed,
    /// Ended badly; the row says why.
    Failed,
    /// Stopped by a person.
    Cancelled,
    /// A foreign worker's model call was cut off.
    Interrupted,
}

impl Status {
    /// Every state, in the contract's order.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Queued,
        Self::Running,
        Self::WaitingForInput,
        Self::Paused,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Interrupted,
    ];

    /// The wire and stored word, lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::WaitingForInput => "waiting_for_input",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// Reads the word in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text))
    }

    /// Whether nothing follows it.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Interrupted)
    }

    /// Whether the run may go from here to `next`.
    pub fn may_become(self, next: Self) -> bool {
        use Status::{
            Cancelled, Completed, Failed, Interrupted, Paused, Pending, Queued, Running,
            WaitingForInput,
        };
        match self {
            Pending => matches!(next, Queued | Running | Cancelled | Failed),
            Queued => matches!(next, Running | Cancelled | Failed),
            Running => matches!(
                next,
                WaitingForInput | Paused | Completed | Failed | Cancelled | Interrupted | Queued
            ),
            WaitingForInput => {
                matches!(next, Running | Queued | Paused | Completed | Failed | Cancelled)
            }
            Paused => matches!(next, Running | WaitingForInput | Cancelled | Failed),
            Completed | Failed | Cancelled | Interrupted => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_states_are_sticky() {
        for from in Status::ALL.into_iter().filter(|status| status.is_terminal()) {
            assert!(Status::ALL.into_iter().all(|next| !from.may_become(next)), "{from:?}");
        }
    }

    #[test]
    fn words_round_trip_in_any_case() {
        for status in Status::ALL {
            assert_eq!(Status::parse(&status.as_str().to_uppercase()), Some(status));
        }
        assert_eq!(Status::parse("done"), None);
    }
}
