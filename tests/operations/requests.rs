//! Bodies and queries that cannot be read. The plane goes on.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Organization, Plane, Reply};

async fn post_text(org: &Organization, path: &str, text: impl Into<reqwest::Body>) -> Reply {
    let request = org.request(Method::POST, path).header("Content-Type", "application/json");
    Reply::read(request.body(text)).await
}

/// `type` of each item of a 422.
fn kinds(reply: &Reply) -> Vec<&str> {
    let items = reply.body["detail"].as_array().unwrap_or_else(|| panic!("{reply}"));
    items.iter().map(|item| item["type"].as_str().expect("a type")).collect()
}

#[plane_test]
async fn a_body_that_is_no_json_is_said_to_be_none() {
    let org = Plane::shared().organization().await;
    for text in ["{", "{\"name\": }", "name=x", "{\"name\": \"x\"} {}", "[1,", "\u{feff}{}", "nul"]
    {
        let reply = post_text(&org, "/api/v1/agents", text).await;
        assert_eq!((reply.status, reply.fields()), (422, vec!["body".to_owned()]), "{text}");
        assert_eq!(kinds(&reply), ["json_invalid"], "{text}");
    }
    let reply = post_text(&org, "/api/v1/agents", b"{\"name\": \"\xff\"}".to_vec()).await;
    assert_eq!(reply.status, 422, "{reply}");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let reply =
        post_text(&org, "/api/v1/agents", format!("{{\"name\":\"x\",\"configuration\":{deep}}}"))
            .await;
    assert_eq!(reply.status, 422, "{reply}");
    assert_eq!(org.get("/api/v1/agents").await.body, json!([]), "nothing is written");
}

#[plane_test]
async fn a_body_that_is_no_object_is_refused() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "Hello").await;
    let trigger = format!("/api/v1/jobs/{job}/trigger");
    for body in [json!([]), json!(["x"]), json!("x"), json!(7), json!(true), Value::Null] {
        for path in ["/api/v1/agents", &trigger] {
            let reply = org.post(path, body.clone()).await;
            let refused = (reply.status, reply.fields());
            assert_eq!(refused, (422, vec!["body".to_owned()]), "{path} {body}: {reply}");
            assert_eq!(kinds(&reply), ["dict_type"], "{path} {body}");
        }
    }
    assert_eq!(org.get("/api/v1/executions").await.body, json!([]), "nothing is written");
}

#[plane_test]
async fn an_absent_body_is_an_empty_object() {
    let org = Plane::shared().organization().await;
    let reply = post_text(&org, "/api/v1/agents", "").await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.name".to_owned()]));
    assert_eq!(kinds(&reply), ["missing"]);
}

#[plane_test]
async fn a_body_over_a_mebibyte_is_refused_and_the_plane_goes_on() {
    let org = Plane::shared().organization().await;
    let body = format!("{{\"name\": \"{}\"}}", "x".repeat(1024 * 1024));
    let reply = post_text(&org, "/api/v1/agents", body).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body".to_owned()]));
    assert_eq!(kinds(&reply), ["too_long"]);
    assert_eq!(org.get("/api/v1/agents").await.body, json!([]));
}

#[plane_test]
async fn a_field_that_nobody_knows_is_passed_over() {
    let org = Plane::shared().organization().await;
    let body = json!({"name": "helper", "colour": "green", "nested": {"a": [1]}});
    let made = org.post("/api/v1/agents", body).await;
    assert_eq!(made.status, 201, "{made}");
    assert_eq!(made.body.get("colour"), None);
}

#[plane_test]
async fn a_query_that_cannot_be_read_is_named() {
    let org = Plane::shared().organization().await;
    for (path, field) in [
        ("/api/v1/agents?limit=many", "query.limit"),
        ("/api/v1/agents?limit=1.5", "query.limit"),
        ("/api/v1/agents?skip=99999999999999999999", "query.skip"),
        ("/api/v1/jobs?enabled=perhaps", "query.enabled"),
        ("/api/v1/executions?limit=0", "query.limit"),
        ("/api/v1/executions?status=sleepy", "query.status_filter"),
        ("/api/v1/executions?job_id=nightly", "query.job_id"),
    ] {
        let reply = org.get(path).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{path}");
    }
    assert_eq!(org.get("/api/v1/agents?colour=green").await.status, 200, "unknown ones are not");
}

#[plane_test]
async fn a_nul_in_a_query_is_named() {
    let org = Plane::shared().organization().await;
    for (path, field) in [
        ("/api/v1/approvals?requester_email=%00", "query.requester_email"),
        ("/api/v1/agents?status_filter=a%00b", "query.status_filter"),
        ("/api/v1/environments?status_filter=%00", "query.status_filter"),
        ("/api/v1/executions?agent_id=%00", "query.agent_id"),
        ("/api/v1/executions?limit=5&execution_type=x%00", "query.execution_type"),
        ("/api/v1/jobs?trigger_type=%00", "query.trigger_type"),
        ("/api/v1/runners?component=%00", "query.component"),
    ] {
        let reply = org.get(path).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{path}");
        assert_eq!(kinds(&reply), ["string_pattern_mismatch"], "{path}");
    }
}

#[plane_test]
async fn a_nul_in_a_path_is_named() {
    let org = Plane::shared().organization().await;
    for (path, field) in [
        ("/api/v1/workers/%00", "path.runner_name"),
        ("/api/v1/runners/a%00b/health", "path.runner_name"),
        ("/api/v1/task-queues/default%00/workers", "path.queue_name"),
        ("/api/v1/jobs/job_%00", "path.job_id"),
        ("/api/v1/agents/%00", "path.agent_id"),
        ("/api/v1/temporal-workflows/workflows/%00", "path.workflow_id"),
    ] {
        let reply = org.get(path).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{path}");
        assert_eq!(kinds(&reply), ["string_pattern_mismatch"], "{path}");
    }
}

#[plane_test]
async fn a_request_with_bad_percent_signs_in_its_path_is_not_a_fault() {
    let org = Plane::shared().organization().await;
    for path in
        ["/api/v1/jobs/%FF", "/api/v1/jobs/%00", "/api/v1/agents/%zz", "/api/v1/skills/..%2f"]
    {
        let status = org.get(path).await.status;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

#[plane_test]
async fn an_id_has_one_spelling() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    assert_eq!(org.get(&format!("/api/v1/agents/{agent}")).await.status, 200);
    let simple = agent.replace('-', "");
    for other in [simple.clone(), format!("{{{agent}}}"), format!("urn:uuid:{agent}"), "1".into()] {
        let reply = org.get(&format!("/api/v1/agents/{other}")).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (422, vec!["path.agent_id".to_owned()]),
            "{other}"
        );
        assert_eq!(kinds(&reply), ["uuid_parsing"]);
    }
}
