//! Letting a worker begin on a queue.

use serde_json::{Value, json};

use super::socket::connect;
use crate::harness::{FOREIGN_TEMPORAL, ForeignWorker, Plane, unique};

#[plane_test]
async fn a_worker_is_told_where_it_finds_what() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let path = format!("/api/v1/worker-queues/{queue}/start");
    let reply = org.post(&path, json!({"control_plane_url": format!("{}/", org.url)})).await;
    assert_eq!(reply.status, 200, "{reply}");
    assert_eq!(reply.text("task_queue_name"), queue);
    assert_eq!(reply.text("queue_id"), queue);
    assert_eq!(reply.text("organization_id"), org.name);
    assert_eq!(reply.text("temporal_host"), FOREIGN_TEMPORAL);
    assert_eq!(reply.text("temporal_namespace"), "default");
    assert_eq!(reply.text("temporal_api_key"), "");
    assert_eq!(reply.text("control_plane_url"), org.url);
    assert_eq!(reply.body["redis_enabled"], false);
    assert_eq!(reply.body["websocket_enabled"], true);
    let socket = reply.text("websocket_url");
    let expected = format!("/api/v1/ws/workers/{}", reply.text("worker_id"));
    assert!(socket.starts_with("ws://") && socket.ends_with(&expected), "{socket}");
    assert_eq!(reply.body["heartbeat_interval"], 60);
    let worker = reply.text("worker_id");
    let mut socket = connect(&org, &org.key, &worker).await.expect("a connection");
    socket.next().await;
    let workers = org.get(&format!("/api/v1/worker-queues/{queue}/workers")).await;
    assert_eq!(workers.body[0]["id"], reply.body["worker_id"]);
    assert_eq!(workers.body[0]["kind"], "foreign");
    // Every start is another worker.
    let again = org.post(&path, json!({})).await;
    assert_ne!(again.body["worker_id"], reply.body["worker_id"]);
}

#[plane_test]
async fn its_signs_of_life_are_taken() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let mut socket = connect(&org, &org.key, &worker.id).await.expect("a connection");
    socket.next().await;
    let path = format!("/api/v1/workers/{}/heartbeat", worker.id);
    let light = json!({
        "status": "active", "tasks_processed": 0, "current_task_id": null, "worker_metadata": {},
    });
    assert_eq!(org.post(&path, light.clone()).await.status, 204);
    let mut full = light;
    full["system_info"] = json!({"hostname": "adder", "cpu_count": 2});
    full["logs"] = json!(["one", "two"]);
    assert_eq!(org.post(&path, full).await.status, 204);
    let workers = org.get(&format!("/api/v1/worker-queues/{}/workers", worker.queue)).await;
    assert_eq!(workers.body[0]["system_info"]["hostname"], "adder");
    assert_eq!(workers.body[0]["logs"], json!(["one", "two"]));
    // What is too long of a line is cut off, between two letters: `é` has two bytes.
    let long = json!({"logs": [format!("a{}", "é".repeat(5000))]});
    assert_eq!(org.post(&path, long).await.status, 204);
    let workers = org.get(&format!("/api/v1/worker-queues/{}/workers", worker.queue)).await;
    let kept = format!("a{}", "é".repeat(2047));
    assert_eq!(workers.body[0]["logs"], json!(["one", "two", kept]));
    let leave = json!({"reason": "error", "exit_code": 1, "error_message": "lost its head"});
    let path = format!("/api/v1/workers/{}/disconnect", worker.id);
    assert_eq!(org.post(&path, leave).await.status, 204);
    let workers = org.get(&format!("/api/v1/worker-queues/{}/workers", worker.queue)).await;
    assert_eq!(workers.body, json!([]));
}

#[plane_test]
async fn a_queue_takes_no_more_workers_than_it_may_have() {
    let org = Plane::shared().organization().await;
    let queues = format!("/api/v1/environments/{}/worker-queues", org.environment_id);
    let queue = org.create(&queues, json!({"name": unique("queue"), "max_workers": 1})).await;
    ForeignWorker::start_on(&org, &queue).await;
    let reply = org.post(&format!("/api/v1/worker-queues/{queue}/start"), json!({})).await;
    assert_eq!(reply.status, 409, "{reply}");
    assert!(reply.text("detail").contains("has 1 of at most 1 workers"), "{reply}");
}

#[plane_test]
async fn a_body_that_is_wrong_is_refused_by_its_field() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let path = format!("/api/v1/worker-queues/{queue}/start");
    for (body, field) in [
        (json!({"control_plane_url": "ftp://x"}), "body.control_plane_url"),
        (json!({"worker_sdk_version": 1}), "body.worker_sdk_version"),
        (json!({"system_info": {"pid": "seven"}}), "body.system_info.pid"),
        (json!({"system_info": []}), "body.system_info"),
        (
            json!({"system_info": {"supported_runtimes": ["agno", "x".repeat(256)]}}),
            "body.system_info.supported_runtimes.1",
        ),
    ] {
        let reply = org.post(&path, body).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{reply}");
    }
    let reply = org.post("/api/v1/worker-queues/nowhere/start", json!({})).await;
    assert_eq!(reply.fields(), ["path.queue_id"], "{reply}");
}

#[plane_test(stores)]
async fn a_plane_without_temporal_says_so_and_what_serves_its_queues() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let path = format!("/api/v1/worker-queues/{}/start", org.queue_id);
    let reply = org.post(&path, json!({})).await;
    let expected = format!(
        "This plane has no Temporal, which such a worker polls; `drover worker --queue {}` serves its \
         queues",
        org.queue_id
    );
    assert_eq!((reply.status, &reply.body["detail"]), (400, &Value::from(expected)));
}
