//! A queue without a worker: accepted, and visibly waiting.

use serde_json::{Value, json};

use crate::harness::{Model, Plane};

#[plane_test]
async fn a_run_for_a_queue_without_a_worker_waits_and_says_for_what() {
    let org = Plane::shared().organization().await;
    let model = Model::new([]);
    let agent = org.agent(&model.name).await;
    let queue = org.queue_without_worker().await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let run = org.execution(&id).await;
    assert_eq!(run["status"], "pending");
    assert_eq!(run["worker_queue_id"], queue.as_str());
    assert_eq!(run["started_at"], Value::Null);
    let name = run["runner_name"].as_str().expect("the queue's name");
    let expected = format!("a worker on queue `{name}`: none is connected");
    assert_eq!(run["waiting_for"], expected);

    let frames = org.stream_until(&id, None, |frame| frame.event == "history_complete").await;
    assert_eq!(frames[0].data["waiting_for"], expected);
    assert_eq!(frames[0].data["status"], "pending");
    assert_eq!(model.requests().len(), 0);
}

#[plane_test]
async fn a_run_that_has_begun_waits_for_nothing() {
    let org = Plane::shared().organization().await;
    let model = Model::new([model_server::Reply::hang_until_released()]);
    let id = org.ask(&model, "go").await;
    model.arrived(1).await;
    let run = org.execution(&id).await;
    assert_eq!((&run["status"], &run["waiting_for"]), (&json!("running"), &Value::Null));
    model.release();
    org.finished(&id).await;
}
