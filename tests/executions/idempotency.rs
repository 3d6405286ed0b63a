//! The same request twice is one run.

use futures_util::future::join_all;
use model_server::Reply;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Model, Organization, Plane, Reply as Answer};

async fn post(org: &Organization, path: &str, key: &str, body: &Value) -> Answer {
    Answer::read(org.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
}

async fn runs(org: &Organization) -> usize {
    org.get("/api/v1/executions").await.body.as_array().expect("runs").len()
}

#[plane_test]
async fn one_key_with_one_request_is_one_run_by_both_ways_to_start_one() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("once"), Reply::text("once")]);
    let agent = org.agent(&model.name).await;
    let job = org.job(&agent, "Do {{what}}").await;
    let ways = [
        (format!("/api/v1/agents/{agent}/execute"), json!({"prompt": "go"})),
        (format!("/api/v1/jobs/{job}/trigger"), json!({"parameters": {"what": "it"}})),
    ];
    for (count, (path, body)) in (1..).zip(&ways) {
        let first = post(&org, path, "the-key", body).await;
        assert_eq!(first.status, 200, "{first}");
        org.finished(&first.text("execution_id")).await;
        let second = post(&org, path, "the-key", body).await;
        assert_eq!((second.status, &second.body), (200, &first.body));
        assert_eq!(runs(&org).await, count);
    }
    assert_eq!(model.requests().len(), 2);
}

#[plane_test]
async fn a_key_is_refused_for_another_request() {
    let org = Plane::shared().organization().await;
    let agent = org.agent(&Model::new([Reply::text("ok")]).name).await;
    let path = format!("/api/v1/agents/{agent}/execute");
    let first = post(&org, &path, "the-key", &json!({"prompt": "one"})).await;
    assert_eq!(first.status, 200, "{first}");
    let second = post(&org, &path, "the-key", &json!({"prompt": "two"})).await;
    assert_eq!((second.status, second.fields()), (422, vec!["header.Idempotency-Key".to_owned()]));
    assert_eq!(runs(&org).await, 1);
}

#[plane_test]
async fn a_key_of_another_agent_or_organization_is_another_key() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    let other = plane.organization().await;
    let body = json!({"prompt": "go"});
    let mut ids = Vec::new();
    for org in [&org, &org, &other] {
        let agent = org.agent(&Model::new([Reply::text("ok")]).name).await;
        let path = format!("/api/v1/agents/{agent}/execute");
        let reply = post(org, &path, "the-key", &body).await;
        assert_eq!(reply.status, 200, "{reply}");
        ids.push(reply.text("execution_id"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[plane_test]
async fn twenty_at_once_with_one_key_are_one_run() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("once")]);
    let agent = org.agent(&model.name).await;
    let (path, body) = (format!("/api/v1/agents/{agent}/execute"), json!({"prompt": "go"}));
    let replies = join_all((0..20).map(|_| post(&org, &path, "the-key", &body))).await;
    let id = replies[0].text("execution_id");
    for reply in &replies {
        assert_eq!((reply.status, reply.text("execution_id")), (200, id.clone()), "{reply}");
    }
    assert_eq!(org.finished(&id).await["status"], "completed");
    assert_eq!(runs(&org).await, 1);
    assert_eq!(model.requests().len(), 1);
}

#[plane_test]
async fn a_key_has_between_1_and_255_characters() {
    let org = Plane::shared().organization().await;
    let agent = org.agent(&Model::new([Reply::text("ok")]).name).await;
    let path = format!("/api/v1/agents/{agent}/execute");
    for key in ["", &"k".repeat(256)] {
        let reply = post(&org, &path, key, &json!({"prompt": "go"})).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (422, vec!["header.Idempotency-Key".to_owned()])
        );
    }
    assert_eq!(runs(&org).await, 0);
    let reply = post(&org, &path, &"k".repeat(255), &json!({"prompt": "go"})).await;
    assert_eq!(reply.status, 200, "{reply}");
}
