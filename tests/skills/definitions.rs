//! What skill types offer: for everybody, without a key.

use serde_json::{Value, json};

use super::SKILLS;
use crate::harness::{Plane, Reply};

#[plane_test(stores)]
async fn the_types_of_this_plane_are_defined_with_variants() {
    let plane = Plane::shared();
    let all = plane.get(&format!("{SKILLS}/definitions")).await;
    let all = all.body["skills"].as_array().expect("a list").clone();
    for kind in ["shell", "file_system", "python"] {
        let one = all.iter().find(|one| one["type"] == kind).expect("a definition");
        for field in [
            "type",
            "name",
            "description",
            "icon",
            "icon_type",
            "default_configuration",
            "variants",
            "framework_class",
            "requirements",
            "requirements_satisfied",
            "missing_requirements",
        ] {
            assert!(one.get(field).is_some(), "{kind} has {field}");
        }
        let alone = plane.get(&format!("{SKILLS}/definitions/{kind}")).await;
        assert_eq!((alone.status, &alone.body), (200, one));
        let variants = plane.get(&format!("{SKILLS}/definitions/{kind}/variants")).await;
        assert_eq!(
            (&variants.body["type"], &variants.body["variants"]),
            (&json!(kind), &one["variants"])
        );
        let defaults = one["variants"].as_array().unwrap().iter();
        assert_eq!(defaults.filter(|variant| variant["is_default"] == true).count(), 1, "{kind}");
    }
}

#[plane_test]
async fn every_variant_can_be_made() {
    let org = Plane::shared().organization().await;
    let templates = org.get(&format!("{SKILLS}/templates")).await;
    let templates = templates.body["templates"].as_array().expect("a list").clone();
    assert!(templates.len() >= 3);
    for template in templates {
        let (kind, id) = (&template["type"], &template["id"]);
        let made = org.post(SKILLS, json!({"name": id, "type": kind, "variant": id})).await;
        assert_eq!(
            (made.status, &made.body["configuration"]),
            (201, &template["configuration"]),
            "{made}"
        );
    }
}

#[plane_test(stores)]
async fn the_types_are_listed_beside_the_ids() {
    let reply = Plane::shared().get(&format!("{SKILLS}/types")).await;
    let types = reply.body["types"].as_array().expect("a list");
    let shell = types.iter().find(|one| one["type"] == "shell").expect("shell");
    let fields: Vec<_> = shell.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["description", "icon", "name", "type"]);
}

#[plane_test(stores)]
async fn the_command_line_gets_a_bare_list() {
    let plane = Plane::shared();
    let request = plane.http.get(format!("{}{SKILLS}/definitions", plane.url));
    let reply = Reply::read(request.header("User-Agent", "Go-http-client/1.1")).await;
    let shell = reply.body.as_array().expect("a list").iter().find(|one| one["type"] == "shell");
    let variants = shell.expect("shell")["variants"].as_array().expect("variants");
    assert!(variants.iter().all(Value::is_string), "{variants:?}");
}

#[plane_test]
async fn a_configuration_is_checked_without_being_stored() {
    let org = Plane::shared().organization().await;
    let check = async |kind: &str, body: Value| {
        org.post(&format!("{SKILLS}/definitions/{kind}/validate"), body).await
    };
    let reply = check("shell", json!({"timeout": 30, "blocked_commands": null, "own": 1})).await;
    assert_eq!(reply.to_string(), r#"200 {"configuration":{"own":1,"timeout":30},"valid":true}"#);
    let reply = check("shell", json!({"timeout": 0, "allowed_commands": "ls"})).await;
    assert_eq!(reply.status, 400, "{reply}");
    let detail = reply.text("detail");
    assert!(detail.starts_with("Invalid configuration: "), "{detail}");
    assert!(detail.contains("timeout") && detail.contains("allowed_commands"), "{detail}");
    let reply = check("telepathy", json!({})).await;
    assert_eq!(reply.to_string(), r#"400 {"detail":"Invalid skill type: telepathy"}"#);
    assert_eq!(check("slack", json!({})).await.status, 404, "a type that is not defined here");
    assert_eq!(check("shell", json!([])).await.status, 422);
    assert_eq!(org.get(SKILLS).await.body, json!([]));
}

#[plane_test(stores)]
async fn a_type_that_is_not_defined_is_not_found() {
    let plane = Plane::shared();
    for path in ["definitions/telepathy", "definitions/telepathy/variants"] {
        let reply = plane.get(&format!("{SKILLS}/{path}")).await;
        let expected = r#"404 {"detail":"Skill definition not found: telepathy"}"#;
        assert_eq!(reply.to_string(), expected);
    }
}
