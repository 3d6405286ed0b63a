//! Ids and names in bodies and headers are looked for in the caller's organization alone.

use serde_json::{Value, json};

use crate::harness::{Organization, Plane, Reply, unique};

/// Sends a body with another organization's id in it and one with nobody's, and gives the answer,
/// which is the same.
async fn refused(
    org: &Organization,
    path: &str,
    theirs: &str,
    body: impl Fn(&str) -> Value,
) -> Reply {
    let nobodys = "00000000-0000-4000-8000-000000000000";
    let nobodys = theirs.replace(theirs.trim_start_matches("job_"), nobodys);
    let missed = org.post(path, body(&nobodys)).await;
    let foreign = org.post(path, body(theirs)).await;
    assert_eq!(foreign.to_string().replace(theirs, &nobodys), missed.to_string());
    foreign
}

#[plane_test]
async fn an_agent_is_not_made_with_the_skill_of_another_organization() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let skill = json!({"name": "secrets", "type": "shell", "configuration": {"timeout": 7}});
    let skill = acme.create("/api/v1/skills", skill).await;
    let with = |id: &str| json!({"name": "spy", "skill_ids": [id]});
    let reply = refused(&umbrella, "/api/v1/agents", &skill, with).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.skill_ids.0".to_owned()]));
    assert_eq!(umbrella.get("/api/v1/agents").await.body, json!([]), "nothing is written");
    let agent = umbrella.agent("instant").await;
    let path = format!("/api/v1/agents/{agent}");
    let before = umbrella.get(&path).await.body;
    let reply = umbrella.patch(&path, json!({"description": "x", "skill_ids": [skill]})).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.skill_ids.0".to_owned()]));
    assert_eq!(umbrella.get(&path).await.body, before, "nothing is written");
}

#[plane_test]
async fn an_agent_is_not_assigned_to_the_environment_of_another_organization() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let with = |id: &str| json!({"name": "spy", "environment_ids": [id]});
    let reply = refused(&umbrella, "/api/v1/agents", &acme.environment_id, with).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.environment_ids.0".to_owned()]));
    let agent = umbrella.agent("instant").await;
    let body = json!({"environment_ids": [acme.environment_id]});
    let reply = umbrella.patch(&format!("/api/v1/agents/{agent}"), body).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.environment_ids.0".to_owned()]));
}

#[plane_test]
async fn a_skill_of_another_organization_is_not_given_to_an_agent() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let skill = acme.create("/api/v1/skills", json!({"name": "secrets", "type": "shell"})).await;
    let agent = umbrella.agent("instant").await;
    let path = format!("/api/v1/skills/associations/agent/{agent}/skills");
    let reply = refused(&umbrella, &path, &skill, |id| json!({"skill_id": id})).await;
    assert_eq!(reply.status, 404, "{reply}");
    let own = umbrella.create("/api/v1/skills", json!({"name": "own", "type": "python"})).await;
    let theirs = acme.agent("instant").await;
    let path = format!("/api/v1/skills/associations/agent/{theirs}/skills");
    assert_eq!(umbrella.post(&path, json!({"skill_id": own})).await.status, 404);
}

#[plane_test]
async fn a_run_is_not_sent_to_the_queue_of_another_organization() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let agent = umbrella.agent("instant").await;
    let path = format!("/api/v1/agents/{agent}/execute");
    let with = |queue: &str| json!({"prompt": "Hello", "worker_queue_id": queue});
    let reply = refused(&umbrella, &path, &acme.queue_id, with).await;
    assert_eq!(reply.status, 404, "{reply}");
    let job = json!({
        "name": "spy", "agent_id": agent, "prompt": "Hello", "executor_type": "specific_queue",
        "worker_queue_name": acme.queue_id,
    });
    let job = umbrella.create("/api/v1/jobs", job).await;
    let reply = umbrella.post(&format!("/api/v1/jobs/{job}/trigger"), json!({})).await;
    let expected =
        format!("400 {{\"detail\":\"Worker queue `{}` does not exist\"}}", acme.queue_id);
    assert_eq!(reply.to_string(), expected);
    assert_eq!(umbrella.get("/api/v1/executions").await.body, json!([]), "nothing is written");
}

#[plane_test]
async fn a_job_does_not_run_the_agent_of_another_organization_nor_tell_its_name() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let theirs = acme.agent("instant").await;
    let job = json!({"name": "spy", "agent_id": theirs, "prompt": "Hello"});
    let made = umbrella.post("/api/v1/jobs", job).await;
    assert_eq!((made.status, &made.body["entity_name"]), (201, &Value::Null));
    let path = format!("/api/v1/jobs/{}/trigger", made.text("id"));
    let reply = umbrella.post(&path, json!({})).await;
    assert_eq!(reply.status, 400, "{reply}");
    assert_eq!(acme.get("/api/v1/executions").await.body, json!([]));
    assert_eq!(umbrella.get("/api/v1/executions").await.body, json!([]));
}

#[plane_test]
async fn a_run_does_not_continue_the_conversation_of_another_organization() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let theirs = acme.execute(&acme.agent("instant").await, json!({"prompt": "The secret"})).await;
    let agent = umbrella.agent("instant").await;
    let path = format!("/api/v1/agents/{agent}/execute");
    let with = |parent: &str| json!({"prompt": "Repeat it", "parent_execution_id": parent});
    let reply = refused(&umbrella, &path, &theirs, with).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.parent_execution_id".to_owned()]));
}

#[plane_test]
async fn filters_by_anothers_ids_find_nothing() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let agent = acme.agent("instant").await;
    let job = acme.job(&agent, "Hello").await;
    let run = acme.trigger(&job, json!({})).await;
    for filter in [format!("job_id={job}"), format!("agent_id={agent}"), format!("cursor={run}")] {
        let reply = umbrella.get(&format!("/api/v1/executions?count=true&{filter}")).await;
        assert_eq!((reply.status, &reply.body), (200, &json!([])), "{filter}");
        assert_eq!(reply.header("x-total-count"), "0", "{filter}");
    }
}

#[plane_test]
async fn the_same_idempotency_key_in_two_organizations_is_two_keys() {
    let plane = Plane::shared();
    let key = unique("key");
    let mut runs = Vec::new();
    for org in [plane.organization().await, plane.organization().await] {
        let job = org.job(&org.agent("instant").await, "Hello").await;
        let path = format!("/api/v1/jobs/{job}/trigger");
        let request = org.request(reqwest::Method::POST, &path).header("Idempotency-Key", &key);
        let reply = Reply::read(request).await;
        assert_eq!(reply.status, 200, "{reply}");
        runs.push(reply.text("execution_id"));
    }
    assert_ne!(runs[0], runs[1]);
}

#[plane_test]
async fn names_are_taken_within_an_organization_only() {
    let plane = Plane::shared();
    for org in [plane.organization().await, plane.organization().await] {
        org.create("/api/v1/agents", json!({"name": "deployer"})).await;
        org.create("/api/v1/skills", json!({"name": "deploy", "type": "shell"})).await;
        org.create("/api/v1/environments", json!({"name": "production"})).await;
    }
}
