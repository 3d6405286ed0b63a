//! `Prefer: wait=N`: the answer comes with the finished run.

use model_server::Reply;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Model, Organization, Plane, Reply as Answer};

async fn post(org: &Organization, path: &str, prefer: &str, body: Value) -> Answer {
    Answer::read(org.request(Method::POST, path).header("Prefer", prefer).json(&body)).await
}

#[plane_test]
async fn who_waits_gets_the_finished_run_by_both_ways_to_start_one() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("here it is"), Reply::text("here it is")]);
    let agent = org.agent(&model.name).await;
    let job = org.job(&agent, "go").await;
    for (path, body) in [
        (format!("/api/v1/agents/{agent}/execute"), json!({"prompt": "go"})),
        (format!("/api/v1/jobs/{job}/trigger"), json!({})),
    ] {
        let reply = post(&org, &path, "wait=30", body).await;
        assert_eq!(reply.status, 200, "{reply}");
        let run = &reply.body["execution"];
        assert_eq!(run["id"], reply.body["execution_id"]);
        assert_eq!(run["status"], "completed", "{reply}");
        assert_eq!(run["response"], "here it is");
        assert_eq!(run["usage"]["turns"], 1);
    }
}

#[plane_test]
async fn a_run_that_takes_longer_is_answered_without_it() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::hang_until_released()]);
    let agent = org.agent(&model.name).await;
    let path = format!("/api/v1/agents/{agent}/execute");
    let reply = post(&org, &path, "wait=1", json!({"prompt": "go"})).await;
    assert_eq!((reply.status, reply.body.get("execution")), (200, None), "{reply}");
    let id = reply.text("execution_id");
    assert_eq!(org.execution(&id).await["status"], "running");
    model.release();
    assert_eq!(org.finished(&id).await["response"], "released");
}

#[plane_test]
async fn who_repeats_a_request_waits_for_the_same_run() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::hang_until_released()]);
    let agent = org.agent(&model.name).await;
    let path = format!("/api/v1/agents/{agent}/execute");
    let ask = || {
        let request = org.request(Method::POST, &path).header("Idempotency-Key", "k");
        Answer::read(request.header("Prefer", "wait=30").json(&json!({"prompt": "go"})))
    };
    let (first, second, ()) = tokio::join!(ask(), ask(), async {
        model.arrived(1).await;
        model.release();
    });
    assert_eq!(first.body["execution"]["status"], "completed", "{first}");
    assert_eq!(first.body, second.body);
    let third = ask().await;
    assert_eq!(third.body, first.body, "a run that is over needs no waiting");
    assert_eq!(model.requests().len(), 1);
}

#[plane_test]
async fn a_failed_run_is_finished_too() {
    let org = Plane::shared().organization().await;
    let agent = org.agent(&Model::new([Reply::status(401)]).name).await;
    let path = format!("/api/v1/agents/{agent}/execute");
    let reply = post(&org, &path, "respond-async, wait=30", json!({"prompt": "go"})).await;
    assert_eq!(reply.body["execution"]["status"], "failed", "{reply}");
}

#[plane_test]
async fn a_preference_that_cannot_be_read_is_passed_over() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("a"), Reply::text("b"), Reply::text("c")]);
    let agent = org.agent(&model.name).await;
    let path = format!("/api/v1/agents/{agent}/execute");
    for prefer in ["wait=soon", "wait=0", "return=minimal"] {
        let reply = post(&org, &path, prefer, json!({"prompt": "go"})).await;
        assert_eq!((reply.status, reply.body.get("execution")), (200, None), "{prefer}");
    }
}
