//! Entries of a log as frames of a stream (contract, executions, "SSE"; clients §1.3).

use drover_domain::executions::{EventKind, StoredEvent, event_id};
use drover_domain::{ExecutionId, rfc3339};
use drover_engine::Spent;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The name of an entry's frame and its data.
pub fn render(execution: ExecutionId, event: &StoredEvent) -> (String, Value) {
    // The store writes these texts; one that is no object would be shown empty rather than not.
    let mut data: Map<String, Value> = serde_json::from_str(&event.data).unwrap_or_default();
    let at = json!(rfc3339(event.at));
    let name = event.kind.as_str().to_owned();
    match event.kind {
        EventKind::Message => {
            data.insert("timestamp".into(), at);
            (name, data.into())
        }
        EventKind::Status => {
            data.insert("execution_id".into(), json!(execution));
            data.insert("timestamp".into(), at);
            (name, data.into())
        }
        EventKind::Done | EventKind::Error => {
            data.insert("execution_id".into(), json!(execution));
            data.insert("timestamp".into(), at);
            data.insert("metadata".into(), json!({}));
            let usage = data.get("usage").map(|usage| Spent::from_stored(usage).to_wire());
            data.insert("usage".into(), usage.unwrap_or_default());
            (name, data.into())
        }
        EventKind::MessageChunk => {
            let message_id = match data.get("m").and_then(Value::as_str) {
                // Written short: only what the run's id does not say.
                Some(turn) if turn.starts_with(|c: char| c.is_ascii_digit()) && turn.len() < 20 => {
                    format!("{execution}_assistant_{turn}")
                }
                other => other.unwrap_or_default().to_owned(),
            };
            let chunk = json!({
                "role": "assistant",
                "content": data.get("c"),
                "is_chunk": true,
                "message_id": message_id,
            });
            (name, json!({"data": chunk, "timestamp": at}))
        }
        EventKind::ToolStarted => {
            let text = format!("Executing tool: {}", word(&data, "tool_name"));
            data.insert("message".into(), json!(text));
            data.insert("source".into(), json!("agent"));
            (name, json!({"data": data, "timestamp": at}))
        }
        EventKind::ToolCompleted => {
            let text = format!("Tool {}: {}", word(&data, "status"), word(&data, "tool_name"));
            data.insert("message".into(), json!(text));
            data.insert("source".into(), json!("agent"));
            (name, json!({"data": data, "timestamp": at}))
        }
        EventKind::Published => {
            let name = word(&data, "event_type").to_owned();
            let at = data.get("timestamp").cloned().filter(|at| !at.is_null()).unwrap_or(at);
            (name, json!({"data": data.get("data"), "timestamp": at}))
        }
        EventKind::MessageReset | EventKind::ThinkingDelta | EventKind::Retry => {
            (name, json!({"data": data, "timestamp": at}))
        }
    }
}

/// The text of an entry's frame: id before event before data, one line each.
pub fn frame(execution: ExecutionId, event: &StoredEvent) -> String {
    let (name, data) = render(execution, event);
    format!("id: {}\nevent: {name}\ndata: {data}\n\n", event_id(&execution, event))
}

/// The text of a frame that is not an entry, and so has no id.
pub fn passing(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// Seconds since 1970 with a fraction, as the contract's `connected_at`.
pub fn epoch_seconds(at: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "microseconds fit until the year 2255")]
    let seconds = at.as_microsecond() as f64 / 1e6;
    seconds
}

fn word<'a>(data: &'a Map<String, Value>, key: &str) -> &'a str {
    data.get(key).and_then(Value::as_str).unwrap_or_default()
}
