//! Making an agent.

use serde_json::{Value, json};

use super::AGENTS;
use crate::harness::Plane;

#[plane_test]
async fn a_name_is_enough() {
    let org = Plane::shared().organization().await;
    let made = org.post(AGENTS, json!({"name": "helper"})).await;
    assert_eq!(made.status, 201, "{made}");
    let shell = org.get("/api/v1/skills").await.body[0].clone();
    assert_eq!((&shell["name"], &shell["type"]), (&json!("Shell"), &json!("shell")));
    assert_eq!((&shell["icon"], &shell["configuration"]), (&json!("Terminal"), &json!({})));
    let id = made.text("id");
    assert!(uuid::Uuid::try_parse(&id).is_ok());
    let at = made.text("created_at");
    assert!(at.parse::<jiff::Timestamp>().is_ok(), "with a zone: {at}");
    assert_eq!(
        made.body,
        json!({
            "id": id, "organization_id": org.name, "name": "helper",
            // Terraform wants null back for what it did not send (contract, catalogue §12).
            "description": null, "system_prompt": null, "model_id": null, "model": null,
            "runtime": null, "runner_name": null, "team_id": null,
            "status": "idle", "capabilities": [], "configuration": {}, "llm_config": {}, "state": {},
            "created_at": at, "updated_at": at, "last_active_at": null, "error_message": null,
            "projects": [], "environments": [], "environment_ids": [],
            "skill_ids": [shell["id"]],
            "skills": [{
                "id": shell["id"], "name": "Shell", "type": "shell", "description": null,
                "enabled": true, "configuration": {},
            }],
            "execution_environment": null,
        })
    );
}

#[plane_test]
async fn every_field_comes_back_as_it_was_sent() {
    let org = Plane::shared().organization().await;
    let skill = org.create("/api/v1/skills", json!({"name": "py", "type": "python"})).await;
    let sent = json!({
        "name": "Größe 42 — „helper“", "description": "Helps", "system_prompt": "Be brief.",
        "capabilities": ["shell", {"kind": "deep", "level": 3}, 7],
        "configuration": {"temperature": 0.5, "nested": {"a": [1, null]}},
        "model_id": "gpt-4o", "llm_config": {"max_tokens": 100}, "runtime": "default",
        "runner_name": "runner-1", "skill_ids": [skill], "environment_ids": [org.environment_id],
        "execution_environment": {
            "working_dir": "/srv", "env_vars": {"A": "b"}, "secrets": ["token"],
            "integration_ids": ["i1"], "mcp_servers": {},
        },
    });
    let made = org.post(AGENTS, sent.clone()).await;
    assert_eq!(made.status, 201, "{made}");
    for (field, value) in sent.as_object().expect("an object") {
        if field != "configuration" {
            assert_eq!(made.body[field], *value, "{field}");
        }
    }
    // The instructions are kept in the configuration, and so come back in both.
    let kept =
        json!({"temperature": 0.5, "nested": {"a": [1, null]}, "system_prompt": "Be brief."});
    assert_eq!(made.body["configuration"], kept);
    assert_eq!(made.body["model"], "gpt-4o");
    let environment = json!({
        "id": org.environment_id, "name": "default", "display_name": "Default Environment",
        "status": "active",
    });
    assert_eq!(made.body["environments"], json!([environment]));
}

#[plane_test]
async fn model_wins_over_model_id() {
    let org = Plane::shared().organization().await;
    for (body, model) in [
        (json!({"name": "a", "model": "gpt-4o"}), "gpt-4o"),
        (json!({"name": "b", "model": "gpt-4o", "model_id": "gpt-4"}), "gpt-4o"),
        (json!({"name": "c", "model": null, "model_id": "gpt-4"}), "gpt-4"),
        (json!({"name": "d", "model": "", "model_id": "gpt-4"}), "gpt-4"),
        // What is sent empty is kept empty (contract, clients K17).
        (json!({"name": "e", "model_id": ""}), ""),
    ] {
        assert_eq!(org.post(AGENTS, body.clone()).await.body["model_id"], model, "{body}");
    }
}

#[plane_test]
async fn null_is_the_default_of_every_optional_field() {
    let org = Plane::shared().organization().await;
    let nulls = json!({
        "name": "helper", "description": null, "system_prompt": null, "capabilities": null,
        "configuration": null, "model_id": null, "model": null, "llm_config": null,
        "runtime": null, "runner_name": null, "team_id": null, "environment_ids": null,
        "skill_ids": null, "skill_configurations": null, "execution_environment": null,
    });
    let made = org.post(AGENTS, nulls).await;
    assert_eq!(made.status, 201, "{made}");
    assert_eq!(made.body["configuration"], json!({}));
    assert_eq!(made.body["capabilities"], json!([]));
    assert_eq!(made.body["skills"][0]["name"], "Shell");
}

#[plane_test]
async fn agents_without_skills_share_one_shell_also_when_made_at_once() {
    let org = Plane::shared().organization().await;
    let make = |number: i32| {
        let org = &org;
        async move {
            org.post(AGENTS, json!({"name": format!("agent-{number}"), "skill_ids": []})).await
        }
    };
    let made = tokio::join!(make(1), make(2), make(3), make(4), make(5), make(6));
    let made: [_; 6] = made.into();
    let shells: Vec<_> = made.iter().map(|reply| &reply.body["skill_ids"]).collect();
    assert!(made.iter().all(|reply| reply.status == 201), "{made:?}");
    assert!(shells.iter().all(|ids| *ids == shells[0]), "{shells:?}");
    assert_eq!(org.get("/api/v1/skills").await.texts("name"), ["Shell"]);
}

#[plane_test]
async fn the_first_enabled_shell_of_the_organization_is_taken() {
    let org = Plane::shared().organization().await;
    let off = json!({"name": "Off", "type": "shell", "enabled": false});
    org.create("/api/v1/skills", off).await;
    let ours = json!({"name": "Ours", "type": "shell", "configuration": {"timeout": 5}});
    let ours = org.create("/api/v1/skills", ours).await;
    let made = org.post(AGENTS, json!({"name": "helper"})).await;
    assert_eq!(made.body["skill_ids"], json!([ours]));
    assert_eq!(made.body["skills"][0]["configuration"], json!({"timeout": 5}));
}

#[plane_test]
async fn where_the_name_shell_is_used_otherwise_a_skill_must_be_named() {
    let org = Plane::shared().organization().await;
    org.create("/api/v1/skills", json!({"name": "Shell", "type": "python"})).await;
    let reply = org.post(AGENTS, json!({"name": "helper"})).await;
    assert_eq!(reply.status, 400, "{reply}");
    assert!(reply.text("detail").starts_with("At least one skill is required"), "{reply}");
    assert_eq!(org.get(AGENTS).await.body, json!([]));
}

#[plane_test]
async fn a_name_is_taken_once_and_free_again_after_its_agent_is_deleted() {
    let org = Plane::shared().organization().await;
    let first = org.create(AGENTS, json!({"name": "helper"})).await;
    let again = org.post(AGENTS, json!({"name": "helper"})).await;
    let detail = "Agent with this name already exists in your organization";
    assert_eq!((again.status, again.text("detail").as_str()), (409, detail));
    assert_eq!(org.get(AGENTS).await.texts("id"), [first.as_str()]);
    assert_eq!(org.delete(&format!("{AGENTS}/{first}")).await.status, 204);
    assert_eq!(org.post(AGENTS, json!({"name": "helper"})).await.status, 201);
}

#[plane_test]
async fn claude_code_drives_claude_models_only() {
    let org = Plane::shared().organization().await;
    let body = |name: &str, model: Value| json!({"name": name, "runtime": "claude_code", "model_id": model});
    let reply = org.post(AGENTS, body("a", json!("gpt-4"))).await;
    assert_eq!(reply.status, 400, "{reply}");
    assert!(reply.text("detail").starts_with("Agent validation failed:\n  - "), "{reply}");
    let good = [("b", json!("claude-3-5-sonnet-20241022")), ("c", Value::Null)];
    for (name, model) in good {
        let made = org.post(AGENTS, body(name, model)).await;
        assert_eq!((made.status, &made.body["runtime"]), (201, &json!("claude_code")), "{made}");
    }
}

#[plane_test]
async fn integrations_is_another_name_for_integration_ids() {
    let org = Plane::shared().organization().await;
    let body = json!({"name": "a", "execution_environment": {"integrations": ["jira"]}});
    let made = org.post(AGENTS, body).await;
    assert_eq!(made.body["execution_environment"]["integration_ids"], json!(["jira"]), "{made}");
}

#[plane_test]
async fn an_mcp_server_comes_back_with_all_its_keys() {
    let org = Plane::shared().organization().await;
    let servers = json!({
        "files": {"command": "npx", "args": ["-y", "server"], "env": {"A": "{{.secret.a}}"}},
        "search": {"type": "http", "url": "https://mcp.example/", "headers": {"X": "y"}},
    });
    let body = json!({"name": "a", "execution_environment": {"mcp_servers": servers}});
    let made = org.post(AGENTS, body).await;
    assert_eq!(made.status, 201, "{made}");
    assert_eq!(
        made.body["execution_environment"]["mcp_servers"],
        json!({
            "files": {
                "command": "npx", "args": ["-y", "server"], "env": {"A": "{{.secret.a}}"},
                "transport_type": null, "url": null, "headers": null,
            },
            "search": {
                "command": null, "args": null, "env": null,
                "transport_type": "http", "url": "https://mcp.example/", "headers": {"X": "y"},
            },
        })
    );
}
