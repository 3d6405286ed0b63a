//! What the workflow of such a worker begins with and is told, as Temporal keeps it.

use serde_json::{Value, json};

use crate::harness::{ForeignWorker, Organization, Plane};
use crate::temporal::histories::{History, argument};
use crate::temporal::plane;

/// What such workers ask models with.
const LLM_KEY: &str = "sk-test-of-the-workers";
/// What the plane itself asks models with (`harness/plane.rs`).
const OWN_LLM_KEY: &str = "sk-test-openai";

/// A worker with a key of its own, on a queue where it is alone.
struct Scene {
    org: Organization,
    /// The same with the worker's key.
    of_worker: Organization,
    worker: ForeignWorker,
    _plane: Plane,
}

impl Scene {
    async fn settle() -> Self {
        let plane = plane(&format!("worker_llm_key = \"{LLM_KEY}\"\n")).await;
        let org = plane.organization().await;
        let of_worker = org.with_role("worker").await;
        let queue = org.queue_without_worker().await;
        let worker = ForeignWorker::start_on(&of_worker, &queue).await;
        Self { org, of_worker, worker, _plane: plane }
    }

    /// A run on the worker's queue, and the history of its workflow once that has begun.
    async fn asked(&self, body: Value) -> (String, History) {
        let mut body = body;
        body["worker_queue_id"] = json!(self.worker.queue);
        let agent = self.org.agent("instant").await;
        let run = self.org.execute(&agent, body).await;
        let history = History::with(&run, "WorkflowExecutionStarted").await;
        (run, history)
    }

    fn assert_no_key(&self, history: &History) {
        assert!(history.has("\"agent_id\""), "its payloads are read");
        for key in [LLM_KEY, OWN_LLM_KEY, &self.of_worker.key, &self.org.key] {
            assert!(!history.has(key), "`{key}` is in the history");
        }
    }
}

#[plane_test(stores)]
async fn a_workflow_begins_on_the_queues_task_queue_with_the_prompt_and_the_parents_text() {
    let scene = Scene::settle().await;
    let (parent, history) = scene.asked(json!({"prompt": "What is it?"})).await;
    let started = history.of("WorkflowExecutionStarted")[0];
    assert_eq!(started["workflow_type"]["name"], "AgentExecutionWorkflow");
    assert_eq!(started["task_queue"]["name"], json!(scene.worker.queue));
    let begin = argument(started);
    assert_eq!(begin["prompt"], "What is it?");
    assert_eq!(begin["execution_id"], json!(parent));
    assert_eq!(begin["organization_id"], json!(scene.org.name));
    scene.assert_no_key(&history);

    let worker = &scene.worker;
    assert_eq!(worker.begins(&parent).await.body["status"], "running");
    worker.streams(&parent, "m", "It is 42.").await;
    let reported = worker.reports_turn(&parent, 1, json!({})).await;
    assert_eq!(reported.body["status"], "completed", "{reported}");
    let body = json!({"prompt": "And now?", "parent_execution_id": parent});
    let (child, history) = scene.asked(body).await;
    let begin = argument(history.of("WorkflowExecutionStarted")[0]);
    assert_eq!((&begin["prompt"], &begin["execution_id"]), (&json!("And now?"), &json!(child)));
    let instructions = begin["system_prompt"].as_str().expect("instructions");
    let said = "User: What is it?\n\nAssistant: It is 42.";
    assert!(instructions.contains(said), "{instructions}");
    scene.assert_no_key(&history);
}

#[plane_test(stores)]
async fn a_workflow_is_told_of_a_message_once_and_of_a_cancel() {
    let scene = Scene::settle().await;
    let metadata = json!({"interactive": true});
    let (run, _) = scene.asked(json!({"prompt": "Hi", "execution_metadata": metadata})).await;
    let worker = &scene.worker;
    assert_eq!(worker.begins(&run).await.body["status"], "running");
    worker.streams(&run, "m", "Hello").await;
    let reported = worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(reported.body["status"], "waiting_for_input", "{reported}");
    assert_eq!(scene.org.say(&run, "And now?").await.status, 202);
    History::with(&run, "WorkflowExecutionSignaled").await;

    let cancelled = scene.org.cancel(&run).await;
    assert_eq!(cancelled.body["success"], true, "{cancelled}");
    let history = History::with(&run, "WorkflowExecutionCancelRequested").await;
    assert_eq!(history.of("WorkflowExecutionCancelRequested").len(), 1);
    let told = history.of("WorkflowExecutionSignaled");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["signal_name"], "add_message");
    let message = argument(told[0]);
    assert_eq!(message["role"], "user");
    let content = message["content"].as_str().expect("a text");
    assert!(content.ends_with("And now?"), "{content}");
    scene.assert_no_key(&history);
}
