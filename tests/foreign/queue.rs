//! What a worker and its command line ask of a queue.

use serde_json::json;

use super::socket::connect;
use crate::harness::{ForeignWorker, Plane};

#[plane_test]
async fn a_worker_for_one_run_sees_it_end() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "p".repeat(300)})).await;
    let path = format!("/api/v1/worker-queues/{}/executions", worker.queue);
    let all = org.get(&format!("{path}?limit=5&status=all")).await;
    assert_eq!((all.texts("id"), all.texts("status")), (vec![run.as_str()], vec!["running"]));
    assert_eq!(all.texts("prompt")[0].len(), 200);
    assert_eq!(all.texts("temporal_workflow_id"), [format!("agent-execution-{run}")]);
    worker.reports_turn(&run, 1, json!({})).await;
    let ended = org.get(&format!("{path}?status=COMPLETED")).await;
    assert_eq!(ended.texts("id"), [run]);
    assert_eq!(org.get(&format!("{path}?status=failed")).await.body, json!([]));
    assert_eq!(org.get(&format!("{path}?status=over")).await.fields(), ["query.status"]);
    assert_eq!(org.get(&format!("{path}?limit=0")).await.fields(), ["query.limit"]);
    let nowhere = "/api/v1/worker-queues/00000000-0000-4000-8000-000000000000/executions";
    assert_eq!(org.get(nowhere).await.status, 404);
}

#[plane_test]
async fn a_command_and_a_configuration_are_told() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let mut socket = connect(&org, &org.key, &worker.id).await.expect("a connection");
    socket.next().await;
    let path = format!("/api/v1/worker-queues/{}", worker.queue);
    let command = org.get(&format!("{path}/worker-command")).await;
    let expected = format!("kubiya worker start --queue-id {}", worker.queue);
    assert_eq!(command.text("command"), expected);
    assert_eq!(
        (&command.body["can_register"], &command.body["active_workers"]),
        (&json!(true), &json!(1))
    );
    let config = org.get(&format!("{path}/config")).await;
    let again = org.get(&format!("{path}/config")).await;
    assert_eq!(config.text("config_version").len(), 64);
    assert_eq!(config.body, again.body);
    assert_eq!(config.text("queue_id"), worker.queue);
}

#[plane_test]
async fn one_worker_of_a_queue_updates_itself_at_a_time() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let path = format!("/api/v1/worker-queues/{queue}");
    let of = |worker: &str| format!("{path}/workers/{worker}/update-lock");
    let status = format!("{path}/update-lock-status");
    let free = json!({"locked": false, "queue_id": queue, "lock_coordination_available": true});
    assert_eq!(org.get(&status).await.body, free);
    let taken = org.post(&of("one"), json!({"worker_id": "other"})).await;
    assert_eq!((taken.status, taken.text("worker_id")), (200, "one".to_owned()), "{taken}");
    let held = org.get(&status).await;
    assert_eq!((&held.body["locked"], held.text("lock_id")), (&json!(true), taken.text("lock_id")));
    let refused = org.post(&of("two"), json!({"worker_id": "two"})).await;
    let expected = r#"409 {"detail":"Update lock is held by worker `one`"}"#;
    assert_eq!(refused.to_string(), expected);
    assert_eq!(org.delete(&of("two")).await.status, 403);
    assert_eq!(org.delete(&of("one")).await.status, 204);
    assert_eq!(org.delete(&of("one")).await.status, 204);
    assert_eq!(org.get(&status).await.body, free);
    for (body, field) in [
        (json!({}), "body.worker_id"),
        (json!({"worker_id": "x", "lock_duration_seconds": 10}), "body.lock_duration_seconds"),
    ] {
        assert_eq!(org.post(&of("one"), body).await.fields(), [field]);
    }
}
