//! Deleting a skill.

use serde_json::{Value, json};

use super::SKILLS;
use crate::harness::Plane;

#[plane_test]
async fn a_deleted_skill_is_taken_from_its_holders() {
    let org = Plane::shared().organization().await;
    let one = org.create(SKILLS, json!({"name": "one", "type": "shell"})).await;
    let two = org.create(SKILLS, json!({"name": "two", "type": "shell"})).await;
    let agent = json!({"name": "a", "skill_ids": [one, two]});
    let agent = org.create("/api/v1/agents", agent).await;
    let path = format!("{SKILLS}/{one}");
    let reply = org.delete(&path).await;
    assert_eq!((reply.status, reply.body), (204, Value::String(String::new())));
    assert_eq!(org.get(&path).await.status, 404);
    let again = org.delete(&path).await;
    assert_eq!(again.to_string(), format!("404 {{\"detail\":\"Skill {one} not found\"}}"));
    let agent = org.get(&format!("/api/v1/agents/{agent}")).await;
    assert_eq!(agent.body["skill_ids"], json!([two]));
}
