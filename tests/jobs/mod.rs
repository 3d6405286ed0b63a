//! Jobs (contract, jobs).

mod aliases;
mod create;
mod cron;
mod delete;
mod enable;
mod executions;
mod limits;
mod list;
mod trigger;
mod update;
mod webhook;

use serde_json::{Value, json};

/// Where jobs are.
const JOBS: &str = "/api/v1/jobs";

/// A job of an agent that need not be there, with more fields.
fn job(more: Value) -> Value {
    let mut body = json!({
        "name": "nightly", "trigger_type": "manual", "prompt_template": "What is new?",
        "entity_type": "agent", "entity_id": "some-agent",
    });
    body.as_object_mut().unwrap().extend(more.as_object().expect("an object").clone());
    body
}
