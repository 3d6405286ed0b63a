//! The entries of a run's log (contract, executions, "Event store" and "SSE").

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::{ExecutionId, micros};

/// What an entry is. The number is stored, the word goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// A whole message of the conversation.
    Message = 1,
    /// A piece of the assistant's text.
    MessageChunk = 2,
    /// What was streamed under a message id is void.
    MessageReset = 3,
    /// A tool call began.
    ToolStarted = 4,
    /// A tool call ended.
    ToolCompleted = 5,
    /// The run changed its state.
    Status = 6,
    /// A piece of the model's reasoning.
    ThinkingDelta = 7,
    /// A try failed and will be repeated; for people, nothing depends on it.
    Retry = 8,
    /// An event published by a worker through the API under a name of its own.
    Published = 9,
    /// The end: the run completed or was cancelled.
    Done = 20,
    /// The end: the run failed.
    Error = 21,
}

impl EventKind {
    const ALL: [Self; 11] = [
        Self::Message,
        Self::MessageChunk,
        Self::MessageReset,
        Self::ToolStarted,
        Self::ToolCompleted,
        Self::Status,
        Self::ThinkingDelta,
        Self::Retry,
        Self::Published,
        Self::Done,
        Self::Error,
    ];

    /// The wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::MessageChunk => "message_chunk",
            Self::MessageReset => "message_reset",
            Self::ToolStarted => "tool_started",
            Self::ToolCompleted => "tool_completed",
            Self::Status => "status",
            Self::ThinkingDelta => "thinking_delta",
            Self::Retry => "retry",
            Self::Published => "published",
            Self::Done => "done",
            Self::Error => "error",
        }
    }

    /// The stored number.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// Reads the stored number.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether nothing is stored after it.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Done | Self::Error)
    }
}

/// An entry about to be appended; the store gives it its `seq`.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// What it is.
    pub kind: EventKind,
    /// The stored form of its data: short keys, no ids that the log's key already holds.
    pub data: Value,
}

impl NewEvent {
    /// An entry.
    pub fn new(kind: EventKind, data: Value) -> Self {
        Self { kind, data }
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// 1, 2, 3 …, gapless in its run.
    pub seq: i64,
    /// What it is.
    pub kind: EventKind,
    /// The stored form of its data, JSON.
    pub data: Arc<str>,
    /// When it was appended.
    pub at: Timestamp,
}

/// The SSE id of an entry: `<execution id>_<seq>_<microseconds>`.
pub fn event_id(execution: &ExecutionId, event: &StoredEvent) -> String {
    format!("{execution}_{}_{}", event.seq, micros(event.at))
}

/// The `seq` inside an SSE id of this very run; `None` for anything else. The bare number is taken too.
pub fn parse_event_id(execution: &ExecutionId, id: &str) -> Option<i64> {
    let digits = match id.strip_prefix(&execution.to_string()) {
        Some(rest) => rest.strip_prefix('_')?.split('_').next()?,
        None => id,
    };
    digits.parse().ok().filter(|&seq| seq >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_round_trips_and_belongs_to_its_run() {
        let run = ExecutionId(uuid::Uuid::from_u128(7));
        let other = ExecutionId(uuid::Uuid::from_u128(8));
        let at = Timestamp::from_microsecond(1_700_000_000_000_001).unwrap();
        let event = StoredEvent { seq: 12, kind: EventKind::Status, data: "{}".into(), at };
        let id = event_id(&run, &event);
        assert_eq!(id, format!("{run}_12_1700000000000001"));
        assert_eq!(parse_event_id(&run, &id), Some(12));
        assert_eq!(parse_event_id(&other, &id), None);
        assert_eq!(parse_event_id(&run, "12"), Some(12));
        assert_eq!(parse_event_id(&run, "-1"), None);
    }

    #[test]
    fn kinds_round_trip() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_code(kind.code()), Some(kind));
        }
    }
}
