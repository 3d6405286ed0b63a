//! Listing queues: those that last.

use serde_json::json;

use super::{QUEUES, of_environment};
use crate::harness::Plane;

#[plane_test]
async fn queues_are_listed_oldest_first() {
    let org = Plane::shared().organization().await;
    let staging = org.create("/api/v1/environments", json!({"name": "staging"})).await;
    let here = of_environment(&org.environment_id);
    org.create(&of_environment(&staging), json!({"name": "slow"})).await;
    org.create(&here, json!({"name": "gpu"})).await;
    assert_eq!(org.get(QUEUES).await.texts("name"), ["default", "slow", "gpu"]);
    assert_eq!(org.get(&here).await.texts("name"), ["default", "gpu"]);
    assert_eq!(org.get(&of_environment(&staging)).await.texts("name"), ["slow"]);
}

#[plane_test]
async fn queues_of_one_shell_are_left_out_and_readable_by_id() {
    let org = Plane::shared().organization().await;
    let path = of_environment(&org.environment_id);
    for body in [
        json!({"name": "local-exec-20260101-120000"}),
        json!({"name": "on-demand", "ephemeral": true, "single_execution_mode": true}),
    ] {
        let id = org.create(&path, body.clone()).await;
        assert_eq!(org.get(&format!("{QUEUES}/{id}")).await.text("name"), body["name"], "{body}");
    }
    assert_eq!(org.get(QUEUES).await.texts("name"), ["default"]);
    assert_eq!(org.get(&path).await.texts("name"), ["default"]);
}

#[plane_test]
async fn a_run_that_names_no_queue_goes_to_none_of_one_shell() {
    let org = Plane::shared().organization().await;
    let path = of_environment(&org.environment_id);
    org.create(&path, json!({"name": "local-exec-1"})).await;
    let run = org.execute(&org.agent("instant").await, json!({"prompt": "Hello"})).await;
    assert_eq!(org.finished(&run).await["worker_queue_id"], org.queue_id);
}
