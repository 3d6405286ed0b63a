//! Changing a skill: null says as much as nothing.

use serde_json::json;

use super::SKILLS;
use crate::harness::Plane;

const FULL: &str = r#"{"name": "deploy", "type": "shell", "description": "Deploys", "icon": "Rocket",
    "configuration": {"timeout": 30, "own": 1}}"#;

#[plane_test]
async fn a_value_replaces_and_null_or_nothing_leaves() {
    let org = Plane::shared().organization().await;
    let mut expected = org.post(SKILLS, serde_json::from_str(FULL).unwrap()).await.body;
    let path = format!("{SKILLS}/{}", expected["id"].as_str().unwrap());
    for (change, field, value) in [
        (json!({}), "name", json!("deploy")),
        (
            json!({
                "name": null, "description": null, "icon": null, "enabled": null, "configuration": null,
            }),
            "description",
            json!("Deploys"),
        ),
        (json!({"name": "ship"}), "name", json!("ship")),
        (json!({"description": "Ships"}), "description", json!("Ships")),
        (json!({"description": ""}), "description", json!(null)),
        (json!({"icon": "Ship"}), "icon", json!("Ship")),
        (json!({"enabled": false}), "enabled", json!(false)),
        (json!({"configuration": {"timeout": 5}}), "configuration", json!({"timeout": 5})),
        (json!({"configuration": {}}), "configuration", json!({})),
        (json!({"type": "python", "skill_type": "python"}), "type", json!("shell")),
    ] {
        let reply = org.patch(&path, change.clone()).await;
        expected[field] = value;
        expected["updated_at"] = reply.body["updated_at"].clone();
        assert_eq!((reply.status, &reply.body), (200, &expected), "{change}");
    }
}

#[plane_test]
async fn put_is_another_name_for_patch() {
    let org = Plane::shared().organization().await;
    let id = org.create(SKILLS, serde_json::from_str(FULL).unwrap()).await;
    let reply = org.put(&format!("{SKILLS}/{id}"), json!({"name": "ship"})).await;
    assert_eq!((reply.status, reply.text("name").as_str()), (200, "ship"));
    assert_eq!(reply.text("description"), "Deploys", "what is absent stays");
}

#[plane_test]
async fn a_name_that_another_skill_has_is_refused() {
    let org = Plane::shared().organization().await;
    org.create(SKILLS, json!({"name": "taken", "type": "shell"})).await;
    let id = org.create(SKILLS, json!({"name": "deploy", "type": "shell"})).await;
    let reply = org.patch(&format!("{SKILLS}/{id}"), json!({"name": "taken", "icon": "X"})).await;
    let detail = "Skill with this name already exists in your organization";
    assert_eq!((reply.status, reply.text("detail").as_str()), (409, detail));
    assert_eq!(org.get(&format!("{SKILLS}/{id}")).await.text("icon"), "Wrench");
}

#[plane_test]
async fn a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let path =
        format!("{SKILLS}/{}", org.create(SKILLS, serde_json::from_str(FULL).unwrap()).await);
    let before = org.get(&path).await.body;
    for (fields, at) in [
        (json!({"name": ""}), "body.name"),
        (json!({"name": "x".repeat(256)}), "body.name"),
        (json!({"enabled": 1}), "body.enabled"),
        (json!({"configuration": "none"}), "body.configuration"),
        (json!({"name": "x", "configuration": {"timeout": -1}}), "body.configuration.timeout"),
    ] {
        let reply = org.patch(&path, fields.clone()).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{fields}");
    }
    assert_eq!(org.get(&path).await.body, before, "nothing is written");
}
