//! What cannot be right: refused with the name of the field, nothing written, the server goes on.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Model, Organization, Plane, Reply as Answer};

async fn nothing_written(org: &Organization) {
    assert_eq!(org.get("/api/v1/executions?count=true").await.header("x-total-count"), "0");
    assert_eq!(org.get("/api/health").await.status, 200);
}

async fn agent(org: &Organization) -> String {
    let agent = org.agent(&Model::new([]).name).await;
    format!("/api/v1/agents/{agent}/execute")
}

#[plane_test]
async fn wrong_types_and_values_are_named() {
    let org = Plane::shared().organization().await;
    let path = agent(&org).await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"prompt": "go"});
        body[field] = value;
        body
    };
    for (body, field) in [
        (json!({}), "body.prompt"),
        (with("prompt", json!(7)), "body.prompt"),
        (with("prompt", Value::Null), "body.prompt"),
        (with("prompt", json!("nul \u{0}")), "body.prompt"),
        (with("prompt", json!("x".repeat(300 * 1024))), "body.prompt"),
        (with("system_prompt", json!("x".repeat(300 * 1024))), "body.system_prompt"),
        (with("system_prompt", json!({})), "body.system_prompt"),
        (with("stream", json!("yes")), "body.stream"),
        (with("worker_queue_id", json!([])), "body.worker_queue_id"),
        (with("user_metadata", json!("me")), "body.user_metadata"),
        (with("execution_metadata", json!([])), "body.execution_metadata"),
        (with("execution_metadata", json!({"x": "x".repeat(70_000)})), "body.execution_metadata"),
        (
            with("execution_environment", json!({"env_vars": {"N": 1}})),
            "body.execution_environment.env_vars",
        ),
        (
            with("execution_environment", json!({"env_vars": ["A=B"]})),
            "body.execution_environment.env_vars",
        ),
    ] {
        let reply = org.post(&path, body).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{reply}");
    }
    nothing_written(&org).await;
}

#[plane_test]
async fn a_prompt_of_256_kib_is_taken() {
    let org = Plane::shared().organization().await;
    let path = agent(&org).await;
    let queue = org.queue_without_worker().await;
    let prompt = "ü".repeat(128 * 1024);
    let reply = org.post(&path, json!({"prompt": prompt, "worker_queue_id": queue})).await;
    assert_eq!(reply.status, 200, "{reply}");
    assert_eq!(org.execution(&reply.text("execution_id")).await["prompt"], prompt);
}

#[plane_test]
async fn what_is_no_json_is_refused() {
    let org = Plane::shared().organization().await;
    let path = agent(&org).await;
    let deep = "[".repeat(100_000);
    for text in ["{", "{\"prompt\": \"x\",}", "nonsense", "[]", "\"x\"", "{} {}", "\u{feff}", &deep]
    {
        let request = org.request(Method::POST, &path).header("content-type", "application/json");
        let reply = Answer::read(request.body(text.to_owned())).await;
        assert_eq!(reply.status, 422, "{text:.40}: {reply}");
        assert!(reply.fields()[0].starts_with("body"), "{text:.40}: {reply}");
    }
    let request = org.request(Method::POST, &path).header("content-type", "application/json");
    let reply = Answer::read(request.body(b"{\"prompt\": \"\xff\"}".to_vec())).await;
    assert_eq!(reply.status, 422, "{reply}");
    nothing_written(&org).await;
}

#[plane_test]
async fn a_body_of_two_mebibytes_is_refused() {
    let org = Plane::shared().organization().await;
    let path = agent(&org).await;
    let body = json!({"prompt": "go", "padding": "x".repeat(2 * 1024 * 1024)}).to_string();
    let reply = Answer::read(org.request(Method::POST, &path).body(body)).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body".to_owned()]), "{reply}");
    nothing_written(&org).await;
}

#[plane_test]
async fn every_parameter_that_is_missing_is_named_also_without_a_body() {
    let org = Plane::shared().organization().await;
    let agent = org.agent(&Model::new([]).name).await;
    let job = org.job(&agent, "Tell {{who}} about {{what}}, {{who}}.").await;
    let path = format!("/api/v1/jobs/{job}/trigger");
    let both = ["body.parameters.who", "body.parameters.what"];
    let empty = Answer::read(org.request(Method::POST, &path)).await;
    for (reply, names) in [
        (empty, &both[..]),
        (org.post(&path, json!({})).await, &both[..]),
        (org.post(&path, json!({"parameters": {}})).await, &both[..]),
        (org.post(&path, json!({"parameters": {"who": "Ann"}})).await, &both[1..]),
    ] {
        let mut fields = reply.fields();
        fields.sort();
        let mut names = names.to_vec();
        names.sort_unstable();
        assert_eq!(
            (reply.status, fields),
            (422, names.iter().map(|n| n.to_string()).collect()),
            "{reply}"
        );
    }
    nothing_written(&org).await;
}

#[plane_test]
async fn a_malformed_id_in_the_path_is_named() {
    let org = Plane::shared().organization().await;
    for (method, path, field) in [
        (Method::POST, "/api/v1/agents/nonsense/execute", "path.agent_id"),
        (Method::POST, "/api/v1/executions/nonsense/cancel", "path.execution_id"),
        (Method::POST, "/api/v1/executions/nonsense/message", "path.execution_id"),
        (Method::POST, "/api/v1/executions/agent-execution-x/terminate", "path.execution_id"),
        (Method::GET, "/api/v1/executions/%00/stream", "path.execution_id"),
        (Method::GET, "/api/v1/executions/nonsense/session", "path.execution_id"),
    ] {
        let body = json!({"prompt": "x", "message": "x", "reason": "x"});
        let reply = Answer::read(org.request(method, path).json(&body)).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (422, vec![field.to_owned()]),
            "{path}: {reply}"
        );
    }
}
