//! Organizations, made by the operator.

use serde_json::json;

use crate::harness::{Plane, Worker, unique};

const PATH: &str = "/api/v1/organizations";

#[plane_test]
async fn a_new_organization_has_an_owner_an_environment_and_a_queue_that_is_served() {
    let plane = Plane::shared();
    let name = unique("acme");
    let made = plane.operator_post(PATH, json!({"name": name})).await;
    assert_eq!(made.status, 201, "{made}");
    assert_eq!(made.text("organization_id"), name);
    let mut org = plane.organization().await.with_key(&made.text("api_key"));
    org.queue_id = made.text("worker_queue_id");
    let _worker = Worker::of_test(plane, &org);
    let environments = org.get("/api/v1/environments").await;
    assert_eq!(environments.texts("id"), [made.text("environment_id")]);
    assert_eq!(environments.body[0]["name"], "default");
    assert_eq!(environments.body[0]["display_name"], "Default Environment");
    let queues = org.get("/api/v1/worker-queues").await;
    assert_eq!(queues.texts("id"), [made.text("worker_queue_id")]);
    assert_eq!(queues.body[0]["environment_id"], made.text("environment_id"));
    let run = org.execute(&org.agent("instant").await, json!({"prompt": "Hello"})).await;
    assert_eq!(org.finished(&run).await["status"], "completed");
}

#[plane_test]
async fn a_name_is_taken_once() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    let reply = plane.operator_post(PATH, json!({"name": org.name})).await;
    let detail = format!("Organization `{}` already exists", org.name);
    assert_eq!((reply.status, reply.text("detail")), (409, detail));
}

#[plane_test(stores)]
async fn a_name_that_cannot_be_in_a_url_is_refused() {
    let plane = Plane::shared();
    for name in ["", "a", "Acme", "a b", "-acme", "acme/x", "acmé", "a\0b", &"x".repeat(65)] {
        let reply = plane.operator_post(PATH, json!({"name": name})).await;
        assert_eq!((reply.status, reply.fields()), (422, vec!["body.name".to_owned()]), "{name:?}");
    }
    let reply = plane.operator_post(PATH, json!({})).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.name".to_owned()]));
}
