//! The skills that an agent gets: its environments', then its own; later layers override, first
//! places stay.

use serde_json::{Value, json};

use super::SKILLS;
use crate::harness::{Organization, Plane};

async fn skill(org: &Organization, name: &str) -> String {
    let configuration = json!({"timeout": 30, "own": name});
    org.create(SKILLS, json!({"name": name, "type": "shell", "configuration": configuration})).await
}

async fn environment(org: &Organization, name: &str) -> String {
    org.create("/api/v1/environments", json!({"name": name})).await
}

async fn give(org: &Organization, kind: &str, holder: &str, skill: &str, over: Value) {
    let path = format!("{SKILLS}/associations/{kind}/{holder}/skills");
    let body = json!({"skill_id": skill, "configuration_override": over});
    assert_eq!(org.post(&path, body).await.status, 201);
}

#[plane_test]
async fn the_agents_settings_go_over_those_of_its_environments() {
    let org = Plane::shared().organization().await;
    let (both, inherited) = (skill(&org, "both").await, skill(&org, "inherited").await);
    let (off, own) = (skill(&org, "off").await, skill(&org, "own").await);
    let (first, second) = (environment(&org, "first").await, environment(&org, "second").await);
    // Made and given in another order than the agent's.
    give(&org, "environment", &second, &both, json!({"timeout": 90, "second": true})).await;
    give(&org, "environment", &first, &inherited, json!({})).await;
    give(&org, "environment", &first, &both, json!({"timeout": 60, "first": true})).await;
    give(&org, "environment", &first, &off, json!({})).await;
    let agent = json!({
        "name": "a", "environment_ids": [first, second], "skill_ids": [own, both],
        "skill_configurations": {both.clone(): {"agent": true}},
    });
    let agent = org.create("/api/v1/agents", agent).await;
    org.patch(&format!("{SKILLS}/{off}"), json!({"enabled": false})).await;
    let resolved = org.get(&format!("{SKILLS}/associations/agents/{agent}/skills/resolved")).await;
    assert_eq!(resolved.status, 200, "{resolved}");
    let entry = |id: &str, name: &str, configuration: Value, source: &str| {
        json!({
            "id": id, "name": name, "type": "shell", "description": null, "icon": "Wrench",
            "enabled": true, "configuration": configuration, "source": source,
            "inherited": source != "agent",
        })
    };
    let of_both = json!({
        "timeout": 90, "own": "both", "first": true, "second": true, "agent": true,
    });
    assert_eq!(
        resolved.body,
        json!([
            entry(
                &inherited,
                "inherited",
                json!({"timeout": 30, "own": "inherited"}),
                "environment"
            ),
            entry(&both, "both", of_both, "agent"),
            entry(&own, "own", json!({"timeout": 30, "own": "own"}), "agent"),
        ])
    );
    let older = org.get(&format!("{SKILLS}/associations/agents/{agent}/toolsets/resolved")).await;
    assert_eq!(older.body, resolved.body, "the older name answers the same");
}

#[plane_test]
async fn an_agent_that_is_not_there_has_no_skills() {
    let org = Plane::shared().organization().await;
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let path = format!("{SKILLS}/associations/agents/{nowhere}/skills/resolved");
    assert_eq!(org.get(&path).await.to_string(), r#"404 {"detail":"Agent not found"}"#);
}

#[plane_test]
async fn the_singular_and_the_plural_paths_are_two_things() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    let path = format!("{SKILLS}/associations/agents/{agent}/skills");
    assert_eq!(org.get(&path).await.status, 400, "agents is no entity type");
    let path = format!("{SKILLS}/associations/agent/{agent}/skills/resolved");
    assert!([404, 405].contains(&org.get(&path).await.status));
}
