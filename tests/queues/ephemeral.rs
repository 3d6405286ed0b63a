//! Queues that last as long as their worker.

use serde_json::{Value, json};

use super::{QUEUES, of_environment, until};
use crate::harness::{ForeignWorker, Organization, Plane, Worker, unique};
use crate::workers::ByHand;

/// An ephemeral queue with these fields.
async fn ephemeral(org: &Organization, more: Value) -> String {
    let mut body = json!({"name": unique("ephemeral"), "ephemeral": true});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
    org.create(&of_environment(&org.environment_id), body).await
}

async fn asked(org: &Organization, queue: &str) -> String {
    let agent = org.agent("instant").await;
    org.execute(&agent, json!({"prompt": "Hello", "worker_queue_id": queue})).await
}

/// Waits until a queue is not there any more.
async fn is_gone(org: &Organization, queue: &str) {
    until(org, &format!("{QUEUES}/{queue}"), |reply| reply.status == 404).await;
}

#[plane_test]
async fn one_goes_with_its_last_worker_and_its_open_runs_end_and_say_why() {
    let org = Plane::shared().organization().await;
    let queue = ephemeral(&org, json!({"name": "shell-1", "single_execution_mode": true})).await;
    let (first, last) =
        (ByHand::register(&org, &[&queue]).await, ByHand::register(&org, &[&queue]).await);
    let done = asked(&org, &queue).await;
    let task = first.task().await;
    assert_eq!(first.answer(&task, "Hi").await.status, 200);
    assert_eq!(org.finished(&done).await["response"], "Hi");
    assert_eq!(first.post("/disconnect", json!({})).await.status, 204);
    let open = asked(&org, &queue).await;
    let task = last.task().await;
    assert!(task["work"]["message_id"].is_string(), "{task}");
    // The client of the queue still finds it when its worker has just left.
    assert_eq!(last.post("/disconnect", json!({})).await.status, 204);
    assert_eq!(org.get(&format!("{QUEUES}/{queue}")).await.status, 200);
    let run = org.finished(&open).await;
    assert_eq!(run["status"], "failed");
    assert_eq!(
        run["error_message"],
        "Its ephemeral worker queue `shell-1` was removed: it has no worker"
    );
    is_gone(&org, &queue).await;
    assert_eq!(org.execution(&done).await["response"], "Hi", "what it did stays");
    let agent = org.agent("instant").await;
    let body = json!({"prompt": "Hello", "worker_queue_id": queue});
    let late = org.post(&format!("/api/v1/agents/{agent}/execute"), body).await;
    assert!((400..500).contains(&late.status), "{late}");
    org.log(&open).await;
}

#[plane_test]
async fn one_goes_with_a_worker_that_was_killed() {
    let org = Plane::shared().organization().await;
    let queue = ephemeral(&org, json!({})).await;
    let mut worker = Worker::start(&org, &[&queue]);
    let run = asked(&org, &queue).await;
    assert_eq!(org.finished(&run).await["status"], "completed");
    worker.kill();
    let open = asked(&org, &queue).await;
    assert_eq!(org.finished(&open).await["status"], "failed");
    is_gone(&org, &queue).await;
}

#[plane_test]
async fn one_goes_with_a_foreign_worker_that_left() {
    let org = Plane::shared().organization().await;
    let queue = ephemeral(&org, json!({})).await;
    let worker = ForeignWorker::start_on(&org, &queue).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let path = format!("/api/v1/workers/{}/disconnect", worker.id);
    assert_eq!(org.post(&path, json!({})).await.status, 204);
    assert_eq!(org.finished(&run).await["status"], "failed");
    is_gone(&org, &queue).await;
}

#[plane_test]
async fn one_that_never_had_a_worker_goes_after_its_time_unless_a_run_waits_there() {
    let org = Plane::shared().organization().await;
    let time = json!({"auto_cleanup_after_seconds": 1});
    let (idle, waited_for) =
        (ephemeral(&org, time.clone()).await, ephemeral(&org, time.clone()).await);
    let run = asked(&org, &waited_for).await;
    let hour = ephemeral(&org, json!({"auto_cleanup_after_seconds": 3600})).await;
    let lasting = json!({"name": "lasting", "auto_cleanup_after_seconds": 1});
    let lasting = org.create(&of_environment(&org.environment_id), lasting).await;
    is_gone(&org, &idle).await;
    for kept in [&waited_for, &hour, &lasting] {
        assert_eq!(org.get(&format!("{QUEUES}/{kept}")).await.status, 200);
    }
    assert_eq!(org.execution(&run).await["status"], "pending");
    assert_eq!(org.cancel(&run).await.status, 200);
    is_gone(&org, &waited_for).await;
    assert_eq!(org.execution(&run).await["status"], "cancelled");
}

#[plane_test(stores)]
async fn one_that_a_killed_plane_has_left_goes_after_its_restart() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let queue = ephemeral(&org, json!({})).await;
    let worker = ByHand::register(&org, &[&queue]).await;
    let run = asked(&org, &queue).await;
    worker.task().await;
    assert_eq!(worker.post("/disconnect", json!({})).await.status, 204);
    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    assert_eq!(org.finished(&run).await["status"], "failed");
    is_gone(&org, &queue).await;
}
