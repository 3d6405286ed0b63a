//! Making a skill, and showing it.

use serde_json::json;

use super::SKILLS;
use crate::harness::Plane;

#[plane_test]
async fn a_name_and_a_type_are_enough() {
    let org = Plane::shared().organization().await;
    let made = org.post(SKILLS, json!({"name": "deploy", "type": "shell"})).await;
    assert_eq!(made.status, 201, "{made}");
    let (id, at) = (made.text("id"), made.text("created_at"));
    assert!(at.parse::<jiff::Timestamp>().is_ok(), "with a zone: {at}");
    assert_eq!(
        made.body,
        json!({
            "id": id, "organization_id": org.name, "name": "deploy", "type": "shell",
            "skill_type": "shell", "description": null, "icon": "Wrench", "enabled": true,
            "configuration": {}, "created_at": at, "updated_at": at,
        })
    );
    assert_eq!(org.get(&format!("{SKILLS}/{id}")).await.body, made.body);
}

#[plane_test]
async fn the_command_line_says_skill_type() {
    let org = Plane::shared().organization().await;
    let made = org.post(SKILLS, json!({"name": "deploy", "skill_type": "python"})).await;
    assert_eq!((made.text("type"), made.text("skill_type")), ("python".into(), "python".into()));
    let both = json!({"name": "both", "type": "shell", "skill_type": "python"});
    assert_eq!(org.post(SKILLS, both).await.text("type"), "shell", "the contract's word wins");
}

#[plane_test]
async fn every_type_can_be_made_and_a_disabled_one_too() {
    let org = Plane::shared().organization().await;
    for kind in [
        "file_system",
        "shell",
        "python",
        "docker",
        "sleep",
        "file_generation",
        "data_visualization",
        "workflow_executor",
        "custom",
        "slack",
        "jira",
    ] {
        let made = org.post(SKILLS, json!({"name": kind, "type": kind, "enabled": false})).await;
        assert_eq!((made.status, &made.body["enabled"]), (201, &json!(false)), "{made}");
    }
}

#[plane_test]
async fn settings_come_back_as_they_were_sent_without_nulls() {
    let org = Plane::shared().organization().await;
    let sent = json!({
        "timeout": 30, "allowed_commands": ["ls", "cat"], "usage_guidelines": "Gently",
        "shell_binary": "bash", "blocked_commands": null, "own": {"kept": [1, null]},
    });
    let made = org.post(SKILLS, json!({"name": "s", "type": "shell", "configuration": sent})).await;
    let mut kept = sent;
    kept.as_object_mut().unwrap().remove("blocked_commands");
    assert_eq!(made.body["configuration"], kept, "{made}");
}

#[plane_test]
async fn a_variant_is_what_settings_are_laid_over() {
    let org = Plane::shared().organization().await;
    let variants = org.get(&format!("{SKILLS}/definitions/shell/variants")).await.body;
    let variant = &variants["variants"][0];
    let body = |configuration| json!({"name": "s", "type": "shell", "variant": variant["id"], "configuration": configuration});
    let made = org.post(SKILLS, body(json!({"timeout": 7}))).await;
    assert_eq!(made.status, 201, "{made}");
    let mut expected = variant["configuration"].clone();
    expected["timeout"] = json!(7);
    assert_eq!(made.body["configuration"], expected);
    let unknown = json!({"name": "t", "type": "shell", "variant": "nonsense"});
    let reply = org.post(SKILLS, unknown).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.variant".to_owned()]));
}

#[plane_test]
async fn a_name_is_taken_once() {
    let org = Plane::shared().organization().await;
    let id = org.create(SKILLS, json!({"name": "deploy", "type": "shell"})).await;
    let again = org.post(SKILLS, json!({"name": "deploy", "type": "python"})).await;
    let detail = "Skill with this name already exists in your organization";
    assert_eq!((again.status, again.text("detail").as_str()), (409, detail));
    org.delete(&format!("{SKILLS}/{id}")).await;
    assert_eq!(org.post(SKILLS, json!({"name": "deploy", "type": "python"})).await.status, 201);
}

#[plane_test]
async fn a_type_that_there_is_not_is_refused() {
    let org = Plane::shared().organization().await;
    let reply = org.post(SKILLS, json!({"name": "x", "type": "telepathy"})).await;
    assert_eq!(reply.to_string(), r#"400 {"detail":"Invalid skill type: telepathy"}"#);
    let reply = org.post(SKILLS, json!({"name": "x"})).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.type".to_owned()]));
    assert_eq!(org.get(SKILLS).await.body, json!([]));
}

#[plane_test]
async fn a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let deep = (1..33).fold(json!({}), |inner, _| json!({"a": inner}));
    for (fields, at) in [
        (json!({"name": ""}), "body.name"),
        (json!({"name": "x".repeat(256)}), "body.name"),
        (json!({"name": "a\0b"}), "body.name"),
        (json!({"name": null}), "body.name"),
        (json!({"description": 7}), "body.description"),
        (json!({"description": "a\0b"}), "body.description"),
        (json!({"icon": "x".repeat(101)}), "body.icon"),
        (json!({"enabled": "yes"}), "body.enabled"),
        (json!({"configuration": []}), "body.configuration"),
        (json!({"configuration": {"own": deep}}), "body.configuration"),
        (json!({"configuration": {"own": "x".repeat(64 * 1024)}}), "body.configuration"),
        (json!({"configuration": {"timeout": 0}}), "body.configuration.timeout"),
        (json!({"configuration": {"timeout": 601}}), "body.configuration.timeout"),
        (json!({"configuration": {"timeout": "30"}}), "body.configuration.timeout"),
        (
            json!({"configuration": {"allowed_commands": "ls"}}),
            "body.configuration.allowed_commands",
        ),
        (
            json!({"configuration": {"blocked_commands": [""]}}),
            "body.configuration.blocked_commands",
        ),
    ] {
        let mut body = json!({"name": "deploy", "type": "shell"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let reply = org.post(SKILLS, body).await;
        let shown: String = fields.to_string().chars().take(100).collect();
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{shown}: {reply}");
    }
    assert_eq!(org.get(SKILLS).await.body, json!([]), "nothing is written");
}

#[plane_test]
async fn a_skill_that_is_not_there_is_not_found() {
    let org = Plane::shared().organization().await;
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let reply = org.get(&format!("{SKILLS}/{nowhere}")).await;
    assert_eq!(reply.to_string(), format!("404 {{\"detail\":\"Skill {nowhere} not found\"}}"));
    let malformed = org.get(&format!("{SKILLS}/deploy")).await;
    assert_eq!((malformed.status, malformed.fields()), (422, vec!["path.skill_id".to_owned()]));
}
