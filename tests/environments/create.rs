//! Making an environment, and showing it.

use serde_json::json;

use super::ENVIRONMENTS;
use crate::harness::Plane;

#[plane_test]
async fn a_name_is_enough() {
    let org = Plane::shared().organization().await;
    let made = org.post(ENVIRONMENTS, json!({"name": "staging"})).await;
    assert_eq!(made.status, 201, "{made}");
    let (id, at) = (made.text("id"), made.text("created_at"));
    assert!(at.parse::<jiff::Timestamp>().is_ok(), "with a zone: {at}");
    let user_id = org.get("/api/v1/auth/validate").await.text("user_id");
    assert_eq!(
        made.body,
        json!({
            "id": id, "organization_id": org.name, "name": "staging", "display_name": "staging",
            "description": null, "tags": [], "settings": {}, "status": "ready",
            "created_at": at, "updated_at": at, "created_by": user_id, "worker_token": null,
            "provisioning_workflow_id": null, "provisioned_at": null, "error_message": null,
            "temporal_namespace_id": null,
            "active_workers": 0, "idle_workers": 0, "busy_workers": 0,
            "skill_ids": [], "skills": [], "execution_environment": {},
            "variables": {}, "secrets": [], "integrations": [], "configuration": {},
        })
    );
    assert_eq!(org.get(&format!("{ENVIRONMENTS}/{id}")).await.body, made.body);
}

#[plane_test]
async fn every_field_comes_back_as_it_was_sent() {
    let org = Plane::shared().organization().await;
    let sent = json!({
        "name": "staging", "display_name": "Staging", "description": "Before", "tags": ["a", "b"],
        "settings": {"region": "eu", "nested": {"a": [1]}},
        "execution_environment": {
            "env_vars": {"A": "{{.secret.a}}"}, "secrets": ["a"], "integration_ids": ["i"],
            "mcp_servers": {},
        },
    });
    let made = org.post(ENVIRONMENTS, sent.clone()).await;
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(made.body[field], *value, "{field}: {made}");
    }
    // The command line's names of the same (contract, clients K18).
    assert_eq!(made.body["variables"], json!({"A": "{{.secret.a}}"}));
    assert_eq!((&made.body["secrets"], &made.body["integrations"]), (&json!(["a"]), &json!(["i"])));
    assert_eq!(made.body["configuration"], sent["settings"]);
}

#[plane_test]
async fn the_command_lines_names_are_taken() {
    let org = Plane::shared().organization().await;
    let sent = json!({
        "name": "staging", "variables": {"A": "b"}, "secrets": ["s"], "integrations": ["i"],
        "configuration": {"region": "eu"},
    });
    let made = org.post(ENVIRONMENTS, sent).await;
    assert_eq!(made.status, 201, "{made}");
    let environment = json!({
        "env_vars": {"A": "b"}, "secrets": ["s"], "integration_ids": ["i"], "mcp_servers": {},
    });
    assert_eq!(made.body["execution_environment"], environment);
    assert_eq!(made.body["settings"], json!({"region": "eu"}));
}

#[plane_test]
async fn an_empty_display_name_is_kept_empty() {
    // Terraform sends it for an attribute that was not set (contract, clients K15).
    let org = Plane::shared().organization().await;
    let made = org.post(ENVIRONMENTS, json!({"name": "staging", "display_name": ""})).await;
    assert_eq!((made.status, made.text("display_name").as_str()), (201, ""));
}

#[plane_test]
async fn a_name_is_taken_once() {
    let org = Plane::shared().organization().await;
    for name in ["default", "staging"] {
        org.post(ENVIRONMENTS, json!({"name": name})).await;
        let again = org.post(ENVIRONMENTS, json!({"name": name})).await;
        let detail = format!("Environment with name '{name}' already exists");
        assert_eq!((again.status, again.text("detail")), (409, detail));
    }
    assert_eq!(org.get(ENVIRONMENTS).await.texts("name"), ["default", "staging"]);
}

#[plane_test]
async fn one_of_two_at_once_gets_the_name() {
    let org = Plane::shared().organization().await;
    let make = async || org.post(ENVIRONMENTS, json!({"name": "staging"})).await.status;
    let mut statuses: [u16; 4] = tokio::join!(make(), make(), make(), make()).into();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
}

#[plane_test]
async fn a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let deep = (1..33).fold(json!({}), |inner, _| json!({"a": inner}));
    for (fields, at) in [
        (json!({"name": null}), "body.name"),
        (json!({"name": "x"}), "body.name"),
        (json!({"name": "x".repeat(101)}), "body.name"),
        (json!({"name": "a\0b"}), "body.name"),
        (json!({"display_name": 7}), "body.display_name"),
        (json!({"description": "a\0b"}), "body.description"),
        (json!({"tags": "a"}), "body.tags"),
        (json!({"tags": [1]}), "body.tags.0"),
        (json!({"tags": ["a", "x".repeat(256)]}), "body.tags.1"),
        (json!({"settings": []}), "body.settings"),
        (json!({"settings": deep}), "body.settings"),
        (json!({"configuration": 7}), "body.configuration"),
        (json!({"variables": {"A": 1}}), "body.variables.A"),
        (json!({"execution_environment": []}), "body.execution_environment"),
        (
            json!({"execution_environment": {"mcp_servers": {"one": {}}}}),
            "body.execution_environment.mcp_servers.one",
        ),
    ] {
        let mut body = json!({"name": "staging"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let reply = org.post(ENVIRONMENTS, body).await;
        let shown: String = fields.to_string().chars().take(100).collect();
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{shown}: {reply}");
    }
    assert_eq!(org.get(ENVIRONMENTS).await.texts("name"), ["default"], "nothing is written");
}

#[plane_test]
async fn an_environment_that_is_not_there_is_not_found() {
    let org = Plane::shared().organization().await;
    let nowhere = format!("{ENVIRONMENTS}/00000000-0000-4000-8000-000000000000");
    assert_eq!(org.get(&nowhere).await.to_string(), r#"404 {"detail":"Environment not found"}"#);
    let malformed = org.get(&format!("{ENVIRONMENTS}/default")).await;
    assert_eq!(
        (malformed.status, malformed.fields()),
        (422, vec!["path.environment_id".to_owned()])
    );
}
