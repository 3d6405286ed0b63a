//! How executions look in tables.

use drover_wire::executions::ExecutionReply;
use jiff::Timestamp;

use crate::transcript::duration;

/// How long a run took; empty while it runs.
pub fn took(run: &ExecutionReply) -> String {
    let at = |text: &Option<String>| text.as_deref()?.parse::<Timestamp>().ok();
    let (Some(from), Some(to)) = (at(&run.started_at), at(&run.completed_at)) else {
        return String::new();
    };
    duration(u64::try_from(to.duration_since(from).as_millis()).unwrap_or_default())
}

/// Its state, and what it waits for.
pub fn status(run: &ExecutionReply) -> String {
    match &run.waiting_for {
        Some(what) => format!("{} (waits for {what})", run.status),
        None => run.status.clone(),
    }
}
