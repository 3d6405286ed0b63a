//! Runs: their states, their flow, their events (contract, executions).

mod event;
mod flow;
mod limits;
mod next;
mod status;

pub use event::{EventKind, NewEvent, StoredEvent, event_id, parse_event_id};
pub use flow::{
    Command, Event, ExecutionFlow, FLOW_VERSION, Phase, Settlement, backoff, idempotency_key,
};
pub use limits::Limits;
pub use next::{Next, Step};
pub use status::Status;
