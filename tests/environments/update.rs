//! Changing an environment.

use serde_json::json;

use super::ENVIRONMENTS;
use crate::harness::Plane;

#[plane_test]
async fn what_is_sent_replaces_and_what_is_not_stays() {
    let org = Plane::shared().organization().await;
    let sent = json!({
        "name": "staging", "description": "Before", "tags": ["a"], "settings": {"region": "eu"},
        "execution_environment": {"env_vars": {"A": "1"}, "secrets": ["s"]},
    });
    let made = org.post(ENVIRONMENTS, sent).await;
    let path = format!("{ENVIRONMENTS}/{}", made.text("id"));
    let changed = org.patch(&path, json!({"name": "prod", "settings": {"zone": 1}})).await;
    let mut expected = made.body.clone();
    expected["name"] = json!("prod");
    expected["settings"] = json!({"zone": 1});
    expected["configuration"] = json!({"zone": 1});
    expected["updated_at"] = changed.body["updated_at"].clone();
    assert_eq!((changed.status, &changed.body), (200, &expected));
    assert!(changed.text("updated_at") > made.text("updated_at"), "{changed}");
    let cleared = json!({
        "description": null, "tags": null, "status": "inactive", "execution_environment": null,
    });
    let cleared = org.patch(&path, cleared).await;
    assert_eq!(cleared.body["description"], json!(null));
    assert_eq!((&cleared.body["tags"], cleared.text("status").as_str()), (&json!([]), "inactive"));
    assert_eq!(cleared.body["execution_environment"], json!({}));
    assert_eq!(org.get(&path).await.body, cleared.body);
    // An empty text is kept: Terraform sends it for an attribute that was not set.
    let named = org.patch(&path, json!({"display_name": ""})).await;
    assert_eq!(named.text("display_name"), "");
}

#[plane_test]
async fn the_command_lines_names_replace_their_part() {
    let org = Plane::shared().organization().await;
    let sent = json!({
        "name": "staging",
        "execution_environment": {"env_vars": {"A": "1"}, "secrets": ["s"]},
    });
    let path = format!("{ENVIRONMENTS}/{}", org.create(ENVIRONMENTS, sent).await);
    let body = json!({"variables": {"B": "2"}, "configuration": {"region": "eu"}});
    let changed = org.patch(&path, body).await;
    assert_eq!(changed.body["execution_environment"]["env_vars"], json!({"B": "2"}));
    assert_eq!(changed.body["secrets"], json!(["s"]), "what was not named stays");
    assert_eq!(changed.body["settings"], json!({"region": "eu"}));
}

#[plane_test]
async fn a_name_that_is_taken_is_a_conflict() {
    let org = Plane::shared().organization().await;
    org.create(ENVIRONMENTS, json!({"name": "prod"})).await;
    let id = org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
    let reply = org.patch(&format!("{ENVIRONMENTS}/{id}"), json!({"name": "prod"})).await;
    let detail = "Environment with name 'prod' already exists";
    assert_eq!((reply.status, reply.text("detail").as_str()), (409, detail));
}

#[plane_test]
async fn the_default_environment_keeps_its_name() {
    let org = Plane::shared().organization().await;
    let path = format!("{ENVIRONMENTS}/{}", org.environment_id);
    let reply = org.patch(&path, json!({"name": "other"})).await;
    assert_eq!(reply.to_string(), r#"400 {"detail":"Cannot rename the default environment"}"#);
    let reply = org.patch(&path, json!({"name": "default", "description": "Ours"})).await;
    assert_eq!((reply.status, reply.text("description").as_str()), (200, "Ours"));
}

#[plane_test]
async fn changes_at_once_are_all_made() {
    let org = Plane::shared().organization().await;
    let id = org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
    let path = format!("{ENVIRONMENTS}/{id}");
    let (one, two, three) = tokio::join!(
        org.patch(&path, json!({"description": "d"})),
        org.patch(&path, json!({"tags": ["t"]})),
        org.patch(&path, json!({"settings": {"s": 1}})),
    );
    assert_eq!((one.status, two.status, three.status), (200, 200, 200));
    let shown = org.get(&path).await.body;
    assert_eq!(shown["description"], "d");
    assert_eq!((&shown["tags"], &shown["settings"]), (&json!(["t"]), &json!({"s": 1})));
}

#[plane_test]
async fn a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let id = org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
    let path = format!("{ENVIRONMENTS}/{id}");
    let before = org.get(&path).await.body;
    for (body, at) in [
        (json!({"name": null}), "body.name"),
        (json!({"name": "x"}), "body.name"),
        (json!({"status": "happy"}), "body.status"),
        (json!({"status": null}), "body.status"),
        (json!({"tags": [1]}), "body.tags.0"),
        (json!({"settings": []}), "body.settings"),
        (json!({"description": "a\0b"}), "body.description"),
        (json!({"variables": {"A=B": "x"}}), "body.variables.A=B"),
        (json!({"variables": {"A": "x".repeat(32768), "B": "x".repeat(32768)}}), "body.variables"),
        (
            json!({"execution_environment": {"mcp_servers": {"one": {}}}}),
            "body.execution_environment.mcp_servers.one",
        ),
    ] {
        let reply = org.patch(&path, body.clone()).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{body}: {reply}");
    }
    assert_eq!(org.get(&path).await.body, before, "nothing is written");
}
