//! The skills and environments of an agent.

use serde_json::{Value, json};

use super::AGENTS;
use crate::harness::{Organization, Plane};

async fn skill(org: &Organization, name: &str, configuration: Value) -> String {
    let body = json!({"name": name, "type": "shell", "configuration": configuration});
    org.create("/api/v1/skills", body).await
}

#[plane_test]
async fn skills_are_held_in_the_order_they_were_named_each_once() {
    let org = Plane::shared().organization().await;
    let (one, two) = (skill(&org, "one", json!({})).await, skill(&org, "two", json!({})).await);
    let made = org.post(AGENTS, json!({"name": "a", "skill_ids": [two, one, two]})).await;
    assert_eq!(made.body["skill_ids"], json!([two, one]), "{made}");
    assert_eq!(made.body["skills"][0]["name"], "two");
}

#[plane_test]
async fn settings_of_an_agent_are_laid_over_those_of_its_skills() {
    let org = Plane::shared().organization().await;
    let own = json!({"timeout": 30, "allowed_commands": ["ls"]});
    let (one, two) = (skill(&org, "one", own.clone()).await, skill(&org, "two", own.clone()).await);
    let over = json!({one.clone(): {"timeout": 60, "note": {"a": 1}}});
    let body = json!({"name": "a", "skill_ids": [one, two], "skill_configurations": over});
    let made = org.post(AGENTS, body).await;
    let laid_over = json!({"timeout": 60, "allowed_commands": ["ls"], "note": {"a": 1}});
    assert_eq!(made.body["skills"][0]["configuration"], laid_over, "{made}");
    assert_eq!(made.body["skills"][1]["configuration"], own);
    let shown = org.get(&format!("/api/v1/skills/{one}")).await;
    assert_eq!(shown.body["configuration"], own, "the skill itself stays");
    // Alone, settings change what the agent holds already.
    let path = format!("{AGENTS}/{}", made.text("id"));
    let change = json!({"skill_configurations": {two.clone(): {"timeout": 5}}});
    let changed = org.patch(&path, change).await;
    assert_eq!(changed.body["skills"][1]["configuration"]["timeout"], 5);
    assert_eq!(changed.body["skills"][0]["configuration"]["timeout"], 60, "others stay");
    let bad = json!({"skill_configurations": {two.clone(): {"timeout": 0}}});
    let reply = org.patch(&path, bad).await;
    let at = format!("body.skill_configurations.{two}.timeout");
    assert_eq!((reply.status, reply.fields()), (422, vec![at]));
}

#[plane_test]
async fn a_change_replaces_skills_and_never_takes_the_last() {
    let org = Plane::shared().organization().await;
    let (one, two) = (skill(&org, "one", json!({})).await, skill(&org, "two", json!({})).await);
    let path =
        format!("{AGENTS}/{}", org.create(AGENTS, json!({"name": "a", "skill_ids": [one]})).await);
    let changed = org.patch(&path, json!({"skill_ids": [two]})).await;
    assert_eq!(changed.body["skill_ids"], json!([two]));
    let reply = org.patch(&path, json!({"skill_ids": [], "description": "x"})).await;
    let detail = "Cannot remove all skills from an agent. At least one skill is required for agent \
        functionality.";
    assert_eq!((reply.status, reply.text("detail").as_str()), (400, detail));
    let after = org.get(&path).await.body;
    assert_eq!((&after["skill_ids"], &after["description"]), (&json!([two]), &Value::Null));
}

#[plane_test]
async fn a_disabled_skill_is_held_and_not_shown() {
    let org = Plane::shared().organization().await;
    let (one, two) = (skill(&org, "one", json!({})).await, skill(&org, "two", json!({})).await);
    let agent = org.create(AGENTS, json!({"name": "a", "skill_ids": [one, two]})).await;
    let (skill, path) = (format!("/api/v1/skills/{one}"), format!("{AGENTS}/{agent}"));
    org.patch(&skill, json!({"enabled": false})).await;
    assert_eq!(org.get(&path).await.body["skill_ids"], json!([two]));
    org.patch(&skill, json!({"enabled": true})).await;
    assert_eq!(org.get(&path).await.body["skill_ids"], json!([one, two]));
}

#[plane_test]
async fn environments_are_assigned_in_order_and_replaced() {
    let org = Plane::shared().organization().await;
    let body = json!({"name": "staging"});
    let staging = org.create("/api/v1/environments", body).await;
    let ids = json!([staging, org.environment_id]);
    let made = org.post(AGENTS, json!({"name": "a", "environment_ids": ids})).await;
    assert_eq!(made.body["environment_ids"], ids);
    assert_eq!(made.body["environments"][0]["name"], "staging");
    let path = format!("{AGENTS}/{}", made.text("id"));
    let changed = org.patch(&path, json!({"environment_ids": [org.environment_id]})).await;
    assert_eq!(changed.body["environment_ids"], json!([org.environment_id]));
    let none = org.patch(&path, json!({"environment_ids": []})).await;
    assert_eq!(none.body["environments"], json!([]));
}
