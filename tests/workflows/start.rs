//! Starting the workflow of a new run.

use reqwest::Method;
use serde_json::json;

use super::WORKFLOWS;
use crate::harness::{Plane, Reply, unique};

#[plane_test]
async fn it_is_a_run_like_any_other() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    let body = json!({
        "workflow_type": "AgentExecutionWorkflow",
        "input": {"agent_id": agent, "prompt": "Hello", "execution_metadata": {"a": 1}},
    });
    let key = unique("key");
    let start = async || {
        let request = org.request(Method::POST, WORKFLOWS).header("Idempotency-Key", &key);
        Reply::read(request.json(&body)).await
    };
    let started = start().await;
    assert_eq!(started.status, 200, "{started}");
    let run = started.text("execution_id");
    assert_eq!(started.text("workflow_id"), format!("agent-execution-{run}"));
    let finished = org.finished(&run).await;
    assert_eq!((&finished["status"], &finished["prompt"]), (&json!("completed"), &json!("Hello")));
    assert_eq!(finished["execution_metadata"]["a"], 1);
    assert_eq!(start().await.text("execution_id"), run, "the same key is the same run");
}

#[plane_test]
async fn it_goes_to_the_queue_that_is_named() {
    let org = Plane::shared().organization().await;
    let (agent, queue) = (org.agent("instant").await, org.queue_without_worker().await);
    let body = json!({
        "workflow_type": "agent-execution-workflow", "task_queue": queue,
        "input": {"agent_id": agent, "prompt": "Wait"},
    });
    let run = org.post(WORKFLOWS, body).await.text("execution_id");
    assert_eq!(org.execution(&run).await["worker_queue_id"], json!(queue));
}

#[plane_test]
async fn what_cannot_be_started_is_refused_by_name() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let theirs = other.agent("instant").await;
    let agent = org.agent("instant").await;
    let input = json!({"agent_id": agent, "prompt": "Hello"});
    for (body, at) in [
        (json!({"workflow_type": "Ingest", "input": input}), "body.workflow_type"),
        (json!({"workflow_type": "AgentExecutionWorkflow"}), "body.input"),
        (
            json!({"workflow_type": "AgentExecutionWorkflow", "input": {"agent_id": "x", "prompt": "y"}}),
            "body.input.agent_id",
        ),
        (
            json!({"workflow_type": "AgentExecutionWorkflow", "input": {"agent_id": agent}}),
            "body.input.prompt",
        ),
    ] {
        let reply = org.post(WORKFLOWS, body.clone()).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{body}: {reply}");
    }
    let of = |agent: &str, queue: &str| {
        json!({
            "workflow_type": "AgentExecutionWorkflow", "task_queue": queue,
            "input": {"agent_id": agent, "prompt": "Hello"},
        })
    };
    for body in [of(&theirs, &org.queue_id), of(&agent, &other.queue_id)] {
        assert_eq!(org.post(WORKFLOWS, body).await.status, 404);
    }
    assert_eq!(org.get("/api/v1/executions").await.body, json!([]), "nothing is started");
}
