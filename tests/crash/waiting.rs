//! Runs that wait for something when the plane dies.

use model_server::Reply;
use serde_json::json;

use crate::harness::{Model, Plane};

#[plane_test(stores)]
async fn a_run_that_waits_for_another_try_gets_it() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let model = Model::new([Reply::status(429).header("retry-after", "1"), Reply::text("Now.")]);
    let id = org.ask(&model, "go").await;
    org.stream_until(&id, None, |frame| frame.event == "retry").await;
    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    let run = org.finished(&id).await;
    assert_eq!(run["response"], "Now.", "{run}");
    assert_eq!(model.requests().len(), 2);
}

#[plane_test(stores)]
async fn a_run_that_waits_for_input_waits_on_and_hears_it() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let model = Model::new([Reply::text("Hello!"), Reply::hang_until_released()]);
    let agent = org.agent(&model.name).await;
    let body = json!({"prompt": "Hi.", "execution_metadata": {"interactive": true}});
    let id = org.execute(&agent, body).await;
    org.waits_for_input(&id, None).await;

    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    assert_eq!(org.execution(&id).await["status"], "waiting_for_input");
    assert_eq!(org.say(&id, "How are you?").await.status, 202);
    // A message that was acknowledged is not lost either.
    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    let session = org.get(&format!("/api/v1/executions/{id}/session")).await;
    assert_eq!(session.body["messages"][2]["content"], "How are you?");
    org.stream_until(&id, None, |frame| frame.event == "history_complete").await;
    assert_ne!(org.execution(&id).await["status"], "waiting_for_input", "it is being answered");
    org.cancel(&id).await;
}

#[plane_test(stores)]
async fn the_time_of_a_run_goes_on_while_its_plane_is_down() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let hang = Reply::hang_until_released;
    let model = Model::new([hang(), hang()]);
    let id = org.ask_with(&model, json!({"limits": {"max_seconds": 1}})).await;
    model.arrived(1).await;
    let plane = plane.kill_and_restart();
    let run = org.at(&plane).finished(&id).await;
    assert_eq!(run["error_message"], "Limit reached: max_seconds (1 s)");
}

#[plane_test(stores)]
async fn a_run_for_a_queue_without_a_worker_is_still_there() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let agent = org.agent(&Model::new([]).name).await;
    let queue = org.queue_without_worker().await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let before = org.execution(&id).await;
    let plane = plane.kill_and_restart();
    assert_eq!(org.at(&plane).execution(&id).await, before);
    assert_eq!(before["status"], "pending");
}
