//! The conversation, as a worker stores it.

use serde_json::json;

use crate::harness::{ForeignWorker, Plane};

#[plane_test]
async fn what_is_new_is_added_and_nothing_is_replaced() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "Hi"})).await;
    worker.streams(&run, "m", "Hello").await;
    worker.reports_turn(&run, 1, json!({})).await;
    let path = format!("/api/v1/executions/{run}/session");
    let session = json!({"session_id": run, "messages": [
        {"role": "user", "content": "Hi", "timestamp": "2026-01-31T12:00:00"},
        {"role": "tool", "content": "Friday", "tool_name": "shell", "tool_execution_id": "shell_1",
         "timestamp": "2026-01-31T12:00:01"},
        {"role": "assistant", "content": "HelloHello", "message_id": "elsewhere"},
    ]});
    for _ in 0..2 {
        let reply = worker.with_user_key(&path, session.clone()).await;
        let expected = json!({
            "success": true, "execution_id": run, "session_id": run, "persisted_messages": 3,
        });
        assert_eq!((reply.status, reply.body), (201, expected));
    }
    let stored = org.get(&path).await;
    let messages = stored.body["messages"].as_array().expect("messages");
    let said: Vec<_> = messages
        .iter()
        .map(|one| (one["role"].as_str().unwrap(), one["content"].as_str().unwrap()))
        .collect();
    assert_eq!(said, [("user", "Hi"), ("assistant", "Hello"), ("tool", "Friday")]);
    assert_eq!(org.execution(&run).await["last_message_preview"], "[Tool: shell] Friday");
}

#[plane_test]
async fn blocks_are_read_and_a_wrong_message_is_refused_by_its_field() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "Hi"})).await;
    let path = format!("/api/v1/executions/{run}/session");
    for (messages, field) in [
        (json!([{"role": "robot", "content": "x"}]), "body.messages.0.role"),
        (json!([{"content": "x"}]), "body.messages.0.role"),
        (json!([{"role": "tool", "content": 7}]), "body.messages.0.content"),
        (json!("none"), "body.messages"),
    ] {
        let reply = org.post(&path, json!({"messages": messages})).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{reply}");
    }
    let blocks = json!([{"type": "tool_result", "tool_use_id": "t", "content": "42"}]);
    let messages = json!([{"role": "system", "content": blocks, "message_id": "s"}]);
    assert_eq!(org.post(&path, json!({"messages": messages})).await.status, 201);
    let stored = org.get(&path).await;
    assert_eq!(stored.body["messages"][1]["content"], "42", "{stored}");
}

#[plane_test]
async fn the_conversation_of_a_run_of_ours_is_kept_by_the_plane() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let body = json!({"prompt": "go", "worker_queue_id": queue});
    let run = org.execute(&org.agent("instant").await, body).await;
    let path = format!("/api/v1/executions/{run}/session");
    let messages = json!([{"role": "assistant", "content": "I say so"}]);
    let reply = org.post(&path, json!({"messages": messages})).await;
    assert_eq!(reply.status, 400, "{reply}");
    assert_eq!(org.get(&path).await.body["message_count"], 1);
}
