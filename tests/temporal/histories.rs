//! What the history of a run's workflow tells: which steps there were, and nothing that is private.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drover_temporal::RunWorkflow;
use model_server::Reply;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{place, plane, workflow_id};
use crate::harness::{Model, Worker, shell, unique};

/// Longest wait for an event.
const PATIENCE: Duration = Duration::from_secs(60);

const PASSWORD: &str = "hunter2-in-no-history";
const PROMPT: &str = "a-prompt-in-no-history";
const OUTPUT: &str = "a-tool-in-no-history";
const ANSWER: &str = "an-answer-in-no-history";

/// A history, as everybody reads it who may read in Temporal.
pub struct History {
    events: Vec<Value>,
}

impl History {
    /// That of a run's workflow, once it has an event of this kind.
    pub async fn with(run: &str, kind: &str) -> Self {
        let client = place().connect("tests").await.expect("a server");
        // What kind of workflow it is makes no difference for reading.
        let workflow = client.get_workflow_handle::<RunWorkflow>(workflow_id(run));
        let reading = async {
            loop {
                // There is none until the plane has had it started.
                if let Ok(read) = workflow.fetch_history(Default::default()).to_json().await {
                    let read: Value = serde_json::from_slice(&read).expect("JSON");
                    let events = read["events"].as_array().expect("events").clone();
                    let history = Self { events };
                    if !history.of(kind).is_empty() {
                        return history;
                    }
                }
            }
        };
        let read = timeout(PATIENCE, reading).await;
        read.unwrap_or_else(|_| panic!("the history of {run} never had `{kind}`"))
    }

    /// What its events of a kind say.
    pub fn of(&self, kind: &str) -> Vec<&Value> {
        let name = format!("{kind}EventAttributes");
        self.events.iter().filter_map(|event| event["attributes"].get(&name)).collect()
    }

    /// Whether a text is anywhere in it, be it in the bytes of a payload.
    pub fn has(&self, text: &str) -> bool {
        self.events.iter().any(|event| is_in(event, text))
    }
}

/// The only argument of a workflow, of a signal or of an activity.
pub fn argument(attributes: &Value) -> Value {
    let payloads = attributes["input"]["payloads"].as_array().expect("arguments");
    assert_eq!(payloads.len(), 1, "{attributes}");
    let data = STANDARD.decode(payloads[0]["data"].as_str().expect("bytes")).expect("base64");
    serde_json::from_slice(&data).expect("JSON")
}

fn is_in(value: &Value, text: &str) -> bool {
    match value {
        Value::String(said) => {
            // Bytes are written as base64; which texts are bytes need not be known.
            let bytes = STANDARD.decode(said).unwrap_or_default();
            said.contains(text) || String::from_utf8_lossy(&bytes).contains(text)
        }
        Value::Array(items) => items.iter().any(|item| is_in(item, text)),
        Value::Object(fields) => {
            fields.iter().any(|(name, field)| name.contains(text) || is_in(field, text))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[plane_test(stores)]
async fn a_history_has_no_secret_and_nothing_that_was_said() {
    let plane = plane("").await;
    let org = plane.organization().await;
    let of_worker = org.with_role("worker").await;
    let _worker = Worker::start(&of_worker, &[&org.queue_id]);
    let command = format!("test \"$PASSWORD\" = {PASSWORD} && echo {OUTPUT}");
    let model = Model::new([shell(&command), Reply::text(ANSWER)]);
    let agent = org.agent(&model.name).await;
    let body = json!({
        "name": unique("job"), "trigger_type": "manual", "prompt_template": PROMPT,
        "planning_mode": "predefined_agent", "entity_type": "agent", "entity_id": agent,
        "execution_environment": {"env_vars": {"PASSWORD": PASSWORD}},
    });
    let job = org.create("/api/v1/jobs", body).await;
    let run = org.trigger(&job, json!({})).await;
    let ended = org.finished(&run).await;
    assert_eq!((&ended["status"], &ended["response"]), (&json!("completed"), &json!(ANSWER)));
    assert_eq!(org.tool_answers(&run).await, [OUTPUT]);

    let history = History::with(&run, "WorkflowExecutionCompleted").await;
    let steps = history.of("ActivityTaskScheduled").into_iter().map(argument);
    let kinds: Vec<_> = steps.map(|step| step["kind"].clone()).collect();
    assert!(kinds.contains(&json!("turn")) && kinds.contains(&json!("tool")), "{kinds:?}");
    assert!(history.has(r#""kind":"tool""#), "its payloads are read");
    for private in [PASSWORD, PROMPT, OUTPUT, ANSWER, &of_worker.key, &org.key] {
        assert!(!history.has(private), "`{private}` is in the history");
    }
}
