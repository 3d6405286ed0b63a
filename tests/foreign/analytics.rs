//! Turns, tool calls and tasks.

use serde_json::{Value, json};

use crate::harness::{ForeignWorker, Plane};

const NOON: &str = "2026-01-31T12:00:00+00:00";

#[plane_test]
async fn calls_and_tasks_are_recorded_and_decide_nothing() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let call = json!({
        "execution_id": run, "turn_id": null, "tool_name": "shell", "tool_use_id": "t1",
        "started_at": NOON, "completed_at": NOON, "duration_ms": 12, "tool_input": {"command": "ls"},
        "tool_output": "x".repeat(20_000), "tool_output_size": 3, "success": true, "metadata": {},
    });
    let reply = worker.with_user_key("/api/v1/analytics/tool-calls", call).await;
    assert_eq!((reply.status, &reply.body["success"]), (201, &json!(true)), "{reply}");
    let task = json!({"execution_id": run, "task_number": 1, "task_description": "look"});
    let task = worker.with_user_key("/api/v1/analytics/tasks", task).await;
    assert_eq!(task.status, 201, "{task}");
    let path = format!("/api/v1/analytics/tasks/{}", task.text("task_id"));
    let reply = org.patch(&path, json!({"status": "completed", "duration_ms": 5})).await;
    assert_eq!(reply.status, 200, "{reply}");
    assert_eq!(org.execution(&run).await["status"], "running");
}

#[plane_test]
async fn a_batch_is_recorded_whole_and_decides_nothing() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let turn = |number: u32| json!({"execution_id": "any", "turn_number": number, "model": "m", "started_at": NOON});
    let batch = json!({
        "execution_id": run, "turns": [turn(1), turn(2), turn(1)],
        "tool_calls": [{"execution_id": "any", "tool_name": "shell", "started_at": NOON}],
        "tasks": [{"execution_id": "any", "task_description": "look"}],
    });
    let reply = org.post("/api/v1/analytics/batch", batch).await;
    let expected = json!({
        "success": true, "execution_id": run, "turns_created": 2, "tool_calls_created": 1,
        "tasks_created": 1, "errors": [],
    });
    assert_eq!((reply.status, reply.body), (201, expected));
    assert_eq!(org.execution(&run).await["status"], "running");
}

#[plane_test]
async fn what_is_wrong_is_refused_by_its_field() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let turn = |more: Value| {
        let mut body = json!({
            "execution_id": run, "turn_number": 1, "model": "m", "started_at": NOON,
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body
    };
    for (more, field) in [
        (json!({"execution_id": "nowhere"}), "body.execution_id"),
        (json!({"turn_number": -1}), "body.turn_number"),
        (json!({"turn_number": "one"}), "body.turn_number"),
        (json!({"started_at": "noon"}), "body.started_at"),
        (json!({"input_tokens": -5}), "body.input_tokens"),
        (json!({"total_cost": "much"}), "body.total_cost"),
        (json!({"metrics": []}), "body.metrics"),
    ] {
        let reply = org.post("/api/v1/analytics/turns", turn(more)).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{reply}");
    }
    let call = json!({
        "execution_id": run, "tool_name": "shell", "started_at": NOON,
        "turn_id": "00000000-0000-4000-8000-000000000000",
    });
    let reply = org.post("/api/v1/analytics/tool-calls", call).await;
    assert_eq!(reply.fields(), ["body.turn_id"], "{reply}");
    let task = json!({"execution_id": run, "task_description": "x", "status": "done"});
    let reply = org.post("/api/v1/analytics/tasks", task).await;
    assert_eq!(reply.fields(), ["body.status"], "{reply}");
    let nobodys = "00000000-0000-4000-8000-000000000000";
    let reply = org.post("/api/v1/analytics/turns", turn(json!({"execution_id": nobodys}))).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Execution not found"}"#);
    let reply = org.patch(&format!("/api/v1/analytics/tasks/{nobodys}"), json!({})).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Task not found"}"#);
    assert_eq!(org.execution(&run).await["status"], "running");
}
