//! Registering a worker for an environment, as older ones do.

use serde_json::json;

use super::socket::connect;
use crate::harness::{FOREIGN_TEMPORAL, Organization, Plane, Reply, unique};

const ENVIRONMENTS: &str = "/api/v1/environments";

async fn register(org: &Organization, environment: &str) -> Reply {
    let body = json!({
        "environment_name": environment, "hostname": "adder", "worker_metadata": {"a": 1},
    });
    org.post("/api/v1/workers/register", body).await
}

#[plane_test]
async fn it_is_given_a_queue_of_the_environment_and_told_the_rest_at_its_start() {
    let org = Plane::shared().organization().await;
    let id = org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
    let path = format!("{ENVIRONMENTS}/{id}/worker-queues");
    let without = register(&org, "staging").await;
    let detail = "Environment `staging` has no active worker queue; create one";
    assert_eq!((without.status, without.text("detail").as_str()), (400, detail));
    let queue = org.create(&path, json!({"name": "gpu", "heartbeat_interval": 30})).await;
    let registered = register(&org, &format!("{}.staging", org.name)).await;
    assert_eq!(registered.status, 200, "{registered}");
    let worker = registered.text("worker_id");
    let url = registered.text("control_plane_url");
    assert!(url.starts_with("http"), "{registered}");
    assert_eq!(
        registered.body,
        json!({
            "worker_id": worker, "worker_token": "", "task_queue_name": queue,
            "environment_name": format!("{}.staging", org.name), "organization_id": org.name,
            "temporal_namespace": "default", "temporal_host": FOREIGN_TEMPORAL,
            "temporal_api_key": "", "control_plane_url": url,
        })
    );
    let started = org.post(&format!("/api/v1/workers/{worker}/start"), json!({})).await;
    assert_eq!(
        started.body,
        json!({
            "worker_id": worker, "worker_queue_name": "gpu", "environment_name": "staging",
            "task_queue_name": queue, "temporal_namespace": "default",
            "temporal_host": FOREIGN_TEMPORAL, "temporal_api_key": "",
            "organization_id": org.name, "control_plane_url": url, "heartbeat_interval": 30,
            "litellm_api_url": started.body["litellm_api_url"],
            "litellm_api_key": started.body["litellm_api_key"],
            "otel_enabled": false, "otel_exporter_otlp_endpoint": null,
            "otel_service_name": "agent-control-plane-worker",
            "otel_traces_sampler": "parentbased_always_on", "otel_traces_sampler_arg": null,
        })
    );
    let mut socket = connect(&org, &org.key, &worker).await.expect("a connection");
    socket.next().await;
    let info = json!({"system_info": {"hostname": "boa", "cpu_count": 2}});
    let started = org.post(&format!("/api/v1/workers/{worker}/start"), info).await;
    assert_eq!(started.status, 200, "{started}");
    let beat = json!({
        "worker_id": worker, "environment_name": "staging", "status": "busy",
        "tasks_processed": 3, "worker_metadata": {"b": 2},
    });
    assert_eq!(org.post("/api/v1/workers/heartbeat", beat).await.status, 204);
    let listed = org.get(&format!("/api/v1/worker-queues/{queue}/workers")).await.body;
    let listed = &listed[0];
    assert_eq!((&listed["id"], &listed["kind"]), (&json!(worker), &json!("foreign")));
    assert_eq!((&listed["status"], &listed["tasks_processed"]), (&json!("busy"), &json!(3)));
    assert_eq!(listed["system_info"], json!({"hostname": "boa", "cpu_count": 2}));
    assert_eq!(listed["worker_metadata"], json!({"b": 2}));
}

#[plane_test]
async fn an_environment_that_is_not_there_is_made_by_who_may() {
    let org = Plane::shared().organization().await;
    let name = unique("env");
    let key = org.with_role("worker").await;
    let refused = register(&key, &name).await;
    let detail = format!(
        "Environment `{name}` does not exist, and a key with role `worker` may not make it"
    );
    assert_eq!((refused.status, refused.text("detail")), (403, detail));
    assert_eq!(org.get(ENVIRONMENTS).await.texts("name"), ["default"]);
    let registered = register(&org, &name).await;
    assert_eq!(registered.status, 200, "{registered}");
    let environments = org.get(ENVIRONMENTS).await;
    assert_eq!(environments.texts("name"), ["default", &name]);
    assert_eq!(environments.texts("status"), ["active", "active"]);
    let path = format!("/api/v1/worker-queues/{}", registered.text("task_queue_name"));
    let queue = org.get(&path).await;
    assert_eq!(queue.body["environment_id"], environments.body[1]["id"]);
    // Now it is there, for the worker's own key too, and the second gets the same queue.
    let again = register(&key, &name).await;
    assert_eq!(again.status, 200, "{again}");
    assert_eq!(again.body["task_queue_name"], registered.body["task_queue_name"]);
    assert_ne!(again.body["worker_id"], registered.body["worker_id"]);
}

#[plane_test]
async fn several_that_come_at_once_make_it_once() {
    let org = Plane::shared().organization().await;
    let name = unique("env");
    let all = (0..6).map(|_| register(&org, &name));
    let replies = futures_util::future::join_all(all).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    let one = &replies[0].body["task_queue_name"];
    assert!(replies.iter().all(|reply| reply.body["task_queue_name"] == *one), "{replies:?}");
    assert_eq!(org.get(ENVIRONMENTS).await.texts("name"), ["default", &name]);
}

#[plane_test]
async fn an_environment_that_is_not_ready_takes_none() {
    let org = Plane::shared().organization().await;
    let id = org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
    let path = format!("{ENVIRONMENTS}/{id}");
    assert_eq!(org.patch(&path, json!({"status": "archived"})).await.status, 200);
    let refused = register(&org, "staging").await;
    let detail = "Environment `staging` is archived, not ready";
    assert_eq!((refused.status, refused.text("detail").as_str()), (400, detail));
}

#[plane_test]
async fn workers_of_others_are_not_there() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let worker = register(&org, "default").await.text("worker_id");
    let beat = json!({"worker_id": worker, "environment_name": "default"});
    assert_eq!(org.post("/api/v1/workers/heartbeat", beat.clone()).await.status, 204);
    let theirs = other.post("/api/v1/workers/heartbeat", beat).await;
    assert_eq!(theirs.to_string(), r#"404 {"detail":"Worker not found"}"#);
    // Not of this environment, though of this organization.
    org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
    for (environment, detail) in
        [("staging", "Worker not found"), ("nowhere", "Environment not found")]
    {
        let beat = json!({"worker_id": worker, "environment_name": environment});
        let reply = org.post("/api/v1/workers/heartbeat", beat).await;
        assert_eq!((reply.status, reply.text("detail").as_str()), (404, detail));
    }
    // An organization's name before a dot is taken off only if it is the caller's.
    let spied = register(&other, &format!("{}.default", org.name)).await;
    assert_ne!(spied.body["organization_id"], json!(org.name), "{spied}");
    let path = format!("/api/v1/workers/{worker}");
    let leave = org.post(&format!("{path}/disconnect"), json!({})).await;
    assert_eq!(leave.status, 204, "{leave}");
    assert_eq!(org.post(&format!("{path}/start"), json!({})).await.status, 410);
}

#[plane_test]
async fn a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    for (path, body, at) in [
        ("register", json!({}), "body.environment_name"),
        ("register", json!({"environment_name": "x"}), "body.environment_name"),
        ("register", json!({"environment_name": "x".repeat(200)}), "body.environment_name"),
        (
            "register",
            json!({"environment_name": "default", "worker_metadata": []}),
            "body.worker_metadata",
        ),
        ("heartbeat", json!({"worker_id": "me", "environment_name": "e"}), "body.worker_id"),
        ("heartbeat", json!({"environment_name": "default"}), "body.worker_id"),
    ] {
        let reply = org.post(&format!("/api/v1/workers/{path}"), body.clone()).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{body}: {reply}");
    }
    assert_eq!(org.get(ENVIRONMENTS).await.texts("name"), ["default"], "nothing is made");
}

#[plane_test(stores)]
async fn a_plane_without_temporal_takes_none() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let refused = register(&org, "default").await;
    let detail = "This plane has no Temporal, which such a worker polls; `drover worker` serves its \
                  queues";
    assert_eq!((refused.status, refused.text("detail").as_str()), (400, detail));
}
