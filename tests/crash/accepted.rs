//! Runs that were accepted and not begun.

use futures_util::future::join_all;
use model_server::{ModelServer, Reply};
use serde_json::json;

use crate::harness::{Plane, unique};

#[plane_test(stores)]
async fn none_of_fifty_is_lost_when_the_plane_dies_right_after_the_last_answer() {
    let mut plane = Plane::start();
    let org = plane.organization().await;
    let model = unique("model");
    ModelServer::shared().script(&model, vec![Reply::text("done")]);
    let agent = org.agent(&model).await;
    let ids = join_all((0..50).map(|n| org.execute(&agent, json!({"prompt": format!("run {n}")}))));
    let ids = ids.await;
    plane.kill();

    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    let runs = join_all(ids.iter().map(|id| org.finished(id))).await;
    for run in &runs {
        assert_eq!(run["status"], "completed", "{run}");
        assert_eq!(run["response"], "done");
    }
    let listed = org.get("/api/v1/executions?count=true").await;
    assert_eq!(listed.header("x-total-count"), "50");
    for id in &ids {
        org.log(id).await;
    }
}

#[plane_test(stores)]
async fn a_repeated_request_after_the_restart_is_the_same_run() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let model = crate::harness::Model::new([Reply::text("once")]);
    let agent = org.agent(&model.name).await;
    let path = format!("/api/v1/agents/{agent}/execute");
    let ask = async |org: &crate::harness::Organization| {
        let request = org.request(reqwest::Method::POST, &path).header("Idempotency-Key", "k");
        let request = request.json(&json!({"prompt": "go"}));
        crate::harness::Reply::read(request).await.text("execution_id")
    };
    let first = ask(&org).await;
    org.finished(&first).await;
    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    assert_eq!(ask(&org).await, first);
    assert_eq!(model.requests().len(), 1);
}
