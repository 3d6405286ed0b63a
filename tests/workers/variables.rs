//! The variables of a tool are had by the token of its lease, and by nothing else.

use serde_json::{Value, json};

use super::ByHand;
use crate::harness::{Model, Organization, Plane, Reply, unique};

/// A run of an agent with a password, whose tool call a worker has leased.
async fn arranged() -> (Organization, ByHand, Value) {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let worker = ByHand::register(&org, &[&queue]).await;
    let agent = json!({
        "name": unique("agent"), "model_id": Model::new([]).name,
        "execution_environment": {"env_vars": {"PASSWORD": "hunter2"}},
    });
    let agent = org.create("/api/v1/agents", agent).await;
    org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let turn = worker.task().await;
    assert!(turn.get("variables_token").is_none(), "a model has no variables: {turn}");
    let call = json!({"id": "call", "name": "run_shell_command", "arguments": {"command": "env"}});
    assert_eq!(worker.answer_with(&turn, "", json!([call])).await.status, 200);
    let tool = worker.task_of("tool").await;
    (org, worker, tool)
}

/// What the holder of this token is shown.
async fn shown(org: &Organization, task: &Value, token: &str) -> Reply {
    let id = task["id"].as_str().expect("an id");
    org.with_key(token).get(&format!("/api/v1/activities/{id}/variables")).await
}

fn token(task: &Value) -> &str {
    task["variables_token"].as_str().expect("a token")
}

#[plane_test]
async fn they_are_in_no_task_and_shown_to_the_holder_of_its_lease() {
    let (org, _worker, task) = arranged().await;
    assert!(!task.to_string().contains("hunter2"), "{task}");
    let shown = shown(&org, &task, token(&task)).await;
    assert_eq!(shown.status, 200, "{shown}");
    assert_eq!(shown.body, json!({"env_vars": {"PASSWORD": "hunter2"}}));
}

#[plane_test]
async fn a_key_of_the_organization_does_not_show_them() {
    let (org, _worker, task) = arranged().await;
    let reply = shown(&org, &task, &org.key).await;
    assert_eq!(reply.status, 401, "{reply}");
    assert_eq!(shown(&org, &task, "").await.status, 401);
    let mut forged = token(&task).to_owned();
    forged.pop();
    assert_eq!(shown(&org, &task, &forged).await.status, 401);
}

#[plane_test]
async fn the_token_is_good_for_nothing_else() {
    let (org, _worker, task) = arranged().await;
    let (other, _others, theirs) = arranged().await;
    assert_eq!(shown(&other, &theirs, token(&task)).await.status, 404);
    let holder = org.with_key(token(&task));
    assert_eq!(holder.get("/api/v1/agents").await.status, 401);
}

#[plane_test]
async fn the_token_is_void_with_its_lease() {
    let (org, worker, task) = arranged().await;
    assert_eq!(worker.post("/disconnect", json!({})).await.status, 204);
    let reply = shown(&org, &task, token(&task)).await;
    assert_eq!(reply.status, 409, "{reply}");
}
