//! Limits of one run: each ends it by name.

use model_server::{Ending, Reply, Tokens};
use serde_json::{Value, json};

use crate::harness::{Model, Organization, Plane, shell};

async fn ended(org: &Organization, id: &str) -> (Value, Value) {
    let run = org.finished(id).await;
    (run["status"].clone(), run["error_message"].clone())
}

#[plane_test]
async fn a_run_has_no_more_turns_than_it_may() {
    let org = Plane::shared().organization().await;
    let model = Model::new([shell("true"), shell("true"), Reply::text("never asked")]);
    let id = org.ask_with(&model, json!({"limits": {"max_turns": 2}})).await;
    let expected = (json!("failed"), json!("Limit reached: max_turns (2)"));
    assert_eq!(ended(&org, &id).await, expected);
    assert_eq!(model.requests().len(), 2);
    assert_eq!(org.tool_answers(&id).await.len(), 2, "what the last turn asked for was done");
}

#[plane_test]
async fn the_last_turn_that_a_run_may_have_can_complete_it() {
    let org = Plane::shared().organization().await;
    let model = Model::new([shell("true"), Reply::text("just in time")]);
    let id = org.ask_with(&model, json!({"limits": {"max_turns": 2}})).await;
    assert_eq!(org.finished(&id).await["response"], "just in time");
}

#[plane_test]
async fn a_run_that_has_used_its_tokens_calls_no_more_tools() {
    let org = Plane::shared().organization().await;
    let tokens = Tokens { input: 60, output: 40, cached: 0, reasoning: 0 };
    let model = Model::new([
        shell("true").usage(tokens),
        shell("touch too-late").usage(tokens),
        Reply::text("never asked"),
    ]);
    let id = org.ask_with(&model, json!({"limits": {"max_tokens": 200}})).await;
    let expected = (json!("failed"), json!("Limit reached: max_tokens (200)"));
    assert_eq!(ended(&org, &id).await, expected);
    assert_eq!(model.requests().len(), 2);
    assert_eq!(org.execution(&id).await["usage"]["total_tokens"], 200);
    let started = org.log(&id).await.into_iter().filter(|e| e["event_type"] == "tool_started");
    assert_eq!(started.count(), 1);
}

#[plane_test]
async fn a_run_that_takes_too_long_is_ended_wherever_it_is() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::hang_until_released()]);
    let id = org.ask_with(&model, json!({"limits": {"max_seconds": 1}})).await;
    let request = model.arrived(1).await.remove(0);
    let expected = (json!("failed"), json!("Limit reached: max_seconds (1 s)"));
    assert_eq!(ended(&org, &id).await, expected);
    assert_eq!(request.ended().await, Ending::Disconnected);
}

#[plane_test]
async fn a_job_may_narrow_the_limits_of_its_agent() {
    let org = Plane::shared().organization().await;
    let model = Model::new([shell("true"), Reply::text("never asked")]);
    let agent = org.agent(&model.name).await;
    let body = json!({
        "name": "narrow", "trigger_type": "manual", "prompt_template": "go",
        "planning_mode": "predefined_agent", "entity_type": "agent", "entity_id": agent,
        "config": {"limits": {"max_turns": 1}},
    });
    let job = org.create("/api/v1/jobs", body).await;
    let id = org.trigger(&job, json!({})).await;
    let expected = (json!("failed"), json!("Limit reached: max_turns (1)"));
    assert_eq!(ended(&org, &id).await, expected);
}
