//! Giving skills to agents and environments, and taking them.

use serde_json::{Value, json};

use super::SKILLS;
use crate::harness::{Organization, Plane};

fn held_by(kind: &str, id: &str) -> String {
    format!("{SKILLS}/associations/{kind}/{id}/skills")
}

async fn skill(org: &Organization) -> String {
    let configuration = json!({"timeout": 30, "allowed_commands": ["ls"]});
    let body = json!({"name": "deploy", "type": "shell", "configuration": configuration});
    org.create(SKILLS, body).await
}

#[plane_test]
async fn agents_and_environments_are_given_skills() {
    let org = Plane::shared().organization().await;
    let (agent, skill) = (org.agent("instant").await, skill(&org).await);
    for (kind, id) in [("agent", &agent), ("environment", &org.environment_id)] {
        let path = held_by(kind, id);
        let over = json!({"skill_id": skill, "configuration_override": {"timeout": 60}});
        let made = org.post(&path, over).await;
        assert_eq!(made.status, 201, "{made}");
        assert_eq!(made.text("message"), "Skill associated successfully");
        assert_eq!((made.text("entity_type"), made.text("entity_id")), (kind.into(), id.clone()));
        assert_eq!(made.text("skill_id"), skill);
        assert!(uuid::Uuid::try_parse(&made.text("id")).is_ok());
        assert!(made.text("created_at").parse::<jiff::Timestamp>().is_ok());
        let list = org.get(&path).await;
        let laid_over = json!({"timeout": 60, "allowed_commands": ["ls"]});
        let given = list.body.as_array().unwrap().iter().find(|one| one["id"] == skill);
        assert_eq!(given.expect("the skill")["configuration"], laid_over);
    }
    let agent = org.get(&format!("/api/v1/agents/{agent}")).await.body;
    assert_eq!(agent["skills"][1]["configuration"]["timeout"], 60);
    let environment = org.get(&format!("/api/v1/environments/{}", org.environment_id)).await.body;
    assert_eq!(environment["skill_ids"], json!([skill]));
    assert_eq!(environment["skills"][0]["configuration"]["timeout"], 60);
}

#[plane_test]
async fn a_skill_is_given_once() {
    let org = Plane::shared().organization().await;
    let path = held_by("agent", &org.agent("instant").await);
    let skill = skill(&org).await;
    org.post(&path, json!({"skill_id": skill})).await;
    let again = org.post(&path, json!({"skill_id": skill})).await;
    let detail = "Skill is already associated with this agent";
    assert_eq!((again.status, again.text("detail").as_str()), (409, detail));
}

#[plane_test]
async fn a_skill_is_taken_and_taking_it_again_is_no_fault() {
    let org = Plane::shared().organization().await;
    let (agent, skill) = (org.agent("instant").await, skill(&org).await);
    let path = held_by("agent", &agent);
    org.post(&path, json!({"skill_id": skill})).await;
    for _ in 0..2 {
        let reply = org.delete(&format!("{path}/{skill}")).await;
        assert_eq!((reply.status, reply.body), (204, Value::String(String::new())));
        assert_eq!(org.get(&path).await.texts("name"), ["Shell"]);
    }
    assert_eq!(org.get(&format!("{SKILLS}/{skill}")).await.status, 200, "the skill itself stays");
}

#[plane_test]
async fn a_disabled_skill_is_not_listed() {
    let org = Plane::shared().organization().await;
    let skill = skill(&org).await;
    let path = held_by("environment", &org.environment_id);
    org.post(&path, json!({"skill_id": skill})).await;
    org.patch(&format!("{SKILLS}/{skill}"), json!({"enabled": false})).await;
    assert_eq!(org.get(&path).await.body, json!([]));
}

#[plane_test]
async fn who_is_not_there_gets_no_skill() {
    let org = Plane::shared().organization().await;
    let (agent, skill) = (org.agent("instant").await, skill(&org).await);
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let body = json!({"skill_id": skill});
    for (kind, detail) in [
        ("agent", "Agent not found"),
        ("environment", "Environment not found"),
        ("team", "Team not found"),
    ] {
        let reply = org.post(&held_by(kind, nowhere), body.clone()).await;
        assert_eq!((reply.status, reply.text("detail").as_str()), (404, detail));
        assert_eq!(org.get(&held_by(kind, nowhere)).await.status, 404, "{kind}");
    }
    let reply = org.post(&held_by("agents", &agent), body.clone()).await;
    assert_eq!(reply.status, 400, "{reply}");
    assert!(reply.text("detail").starts_with("Invalid entity type: agents"), "{reply}");
    let reply = org.post(&held_by("agent", "helper"), body).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["path.entity_id".to_owned()]));
    let reply = org.post(&held_by("agent", &agent), json!({"skill_id": nowhere})).await;
    assert_eq!(reply.to_string(), format!("404 {{\"detail\":\"Skill {nowhere} not found\"}}"));
}

#[plane_test]
async fn a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let path = held_by("agent", &org.agent("instant").await);
    let skill = skill(&org).await;
    for (body, at) in [
        (json!({}), "body.skill_id"),
        (json!({"skill_id": "deploy"}), "body.skill_id"),
        (json!({"skill_id": 7}), "body.skill_id"),
        (json!({"skill_id": skill, "configuration_override": []}), "body.configuration_override"),
        (
            json!({"skill_id": skill, "configuration_override": {"timeout": 9999}}),
            "body.configuration_override.timeout",
        ),
    ] {
        let reply = org.post(&path, body.clone()).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{body}");
    }
    assert_eq!(org.get(&path).await.texts("name"), ["Shell"], "nothing is written");
}

#[plane_test]
async fn a_null_in_an_override_lifts_no_restriction() {
    let org = Plane::shared().organization().await;
    let skill = skill(&org).await;
    let path = held_by("environment", &org.environment_id);
    let body = json!({"skill_id": skill, "configuration_override": {"allowed_commands": null}});
    assert_eq!(org.post(&path, body).await.status, 201);
    let held = org.get(&path).await;
    assert_eq!(held.body[0]["configuration"]["allowed_commands"], json!(["ls"]));
}
