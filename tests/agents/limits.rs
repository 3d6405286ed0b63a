//! What an agent's fields cannot hold, when it is made and when it is changed.

use serde_json::{Value, json};

use super::AGENTS;
use crate::harness::Plane;

/// A value nested so deep.
fn deep(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inner, _| json!({"a": inner}))
}

/// Fields with a value that is refused, and where the fault is.
fn refused() -> Vec<(Value, &'static str)> {
    let long = |length: usize| "x".repeat(length);
    let server = |server: Value| json!({"execution_environment": {"mcp_servers": {"one": server}}});
    vec![
        (json!({"name": ""}), "body.name"),
        (json!({"name": long(256)}), "body.name"),
        (json!({"name": "a\0b"}), "body.name"),
        (json!({"name": 7}), "body.name"),
        (json!({"description": ["x"]}), "body.description"),
        (json!({"description": "a\0b"}), "body.description"),
        (json!({"system_prompt": "x".repeat(256 * 1024 + 1)}), "body.system_prompt"),
        (json!({"system_prompt": "a\0b"}), "body.system_prompt"),
        (json!({"capabilities": "shell"}), "body.capabilities"),
        (json!({"capabilities": vec![1; 1001]}), "body.capabilities"),
        (json!({"configuration": []}), "body.configuration"),
        (json!({"configuration": "x"}), "body.configuration"),
        (json!({"configuration": deep(33)}), "body.configuration"),
        (json!({"configuration": {"a": long(64 * 1024)}}), "body.configuration"),
        (json!({"configuration": {"system_prompt": 7}}), "body.configuration.system_prompt"),
        (json!({"model_id": long(101)}), "body.model_id"),
        (json!({"model": long(101)}), "body.model"),
        (json!({"model": {"id": "gpt-4"}}), "body.model"),
        (json!({"llm_config": 7}), "body.llm_config"),
        (json!({"llm_config": deep(33)}), "body.llm_config"),
        (json!({"runtime": "agno"}), "body.runtime"),
        (json!({"runner_name": long(256)}), "body.runner_name"),
        (json!({"team_id": "00000000-0000-4000-8000-000000000000"}), "body.team_id"),
        (json!({"team_id": "avengers"}), "body.team_id"),
        (json!({"environment_ids": "default"}), "body.environment_ids"),
        (json!({"environment_ids": ["default"]}), "body.environment_ids.0"),
        (json!({"skill_ids": [7]}), "body.skill_ids.0"),
        (json!({"skill_ids": ["shell"]}), "body.skill_ids.0"),
        (json!({"skill_ids": ["00000000-0000-4000-8000-000000000000"]}), "body.skill_ids.0"),
        (json!({"skill_configurations": []}), "body.skill_configurations"),
        (json!({"execution_environment": "prod"}), "body.execution_environment"),
        (
            json!({"execution_environment": {"env_vars": {"A": 1}}}),
            "body.execution_environment.env_vars.A",
        ),
        (
            json!({"execution_environment": {"env_vars": {"A=B": "x"}}}),
            "body.execution_environment.env_vars.A=B",
        ),
        (
            json!({"execution_environment": {"secrets": "token"}}),
            "body.execution_environment.secrets",
        ),
        (server(json!({})), "body.execution_environment.mcp_servers.one"),
        (server(json!({"url": "https://x"})), "body.execution_environment.mcp_servers.one"),
        (server(json!({"type": "http"})), "body.execution_environment.mcp_servers.one"),
        (
            server(json!({"type": "stdio", "command": "x"})),
            "body.execution_environment.mcp_servers.one",
        ),
        (
            server(json!({"command": "x", "type": "sse", "url": "https://x"})),
            "body.execution_environment.mcp_servers.one",
        ),
    ]
}

#[plane_test]
async fn a_new_agent_with_a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    for (fields, at) in refused() {
        let mut body = json!({"name": "helper"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let reply = org.post(AGENTS, body).await;
        let shown: String = fields.to_string().chars().take(100).collect();
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{shown}: {reply}");
    }
    assert_eq!(org.get(AGENTS).await.body, json!([]), "nothing is written");
    assert_eq!(org.get("/api/v1/skills").await.body, json!([]), "not even a shell");
}

#[plane_test]
async fn a_change_to_a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let path = format!("{AGENTS}/{}", org.agent("instant").await);
    let before = org.get(&path).await.body;
    let more = [
        (json!({"name": null}), "body.name"),
        (json!({"status": "asleep"}), "body.status"),
        (json!({"state": "x"}), "body.state"),
        (json!({"state": deep(33)}), "body.state"),
    ];
    for (mut fields, at) in refused().into_iter().chain(more) {
        // What is right beside what is wrong must not be written either.
        fields["description"] = fields.get("description").cloned().unwrap_or("changed".into());
        let reply = org.patch(&path, fields.clone()).await;
        let shown: String = fields.to_string().chars().take(100).collect();
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{shown}: {reply}");
    }
    assert_eq!(org.get(&path).await.body, before, "nothing is written");
}

#[plane_test]
async fn all_faults_are_told_at_once() {
    let org = Plane::shared().organization().await;
    let body = json!({"name": "", "runtime": "agno", "model_id": "x".repeat(101)});
    let reply = org.post(AGENTS, body).await;
    assert_eq!(reply.fields(), ["body.name", "body.model_id", "body.runtime"]);
    assert_eq!(
        reply.body["detail"][0],
        json!({
            "type": "string_too_short", "loc": ["body", "name"],
            "msg": "String should have at least 1 characters",
        })
    );
}

#[plane_test]
async fn what_just_fits_is_taken() {
    let org = Plane::shared().organization().await;
    let fits = json!({
        "name": "ü".repeat(255), "model_id": "x".repeat(100), "system_prompt": "x".repeat(256 * 1024),
        "state": {}, "llm_config": deep(32), "capabilities": vec![1; 1000],
    });
    let made = org.post(AGENTS, fits).await;
    assert_eq!(made.status, 201, "{:?}", made.fields());
    assert_eq!(made.text("name"), "ü".repeat(255));
}

#[plane_test]
async fn text_of_any_script_is_kept_to_the_letter() {
    let org = Plane::shared().organization().await;
    let odd = "'; DROP TABLE agents; --\n\t\u{202e}🦀 \\ \" %s {{x}} \u{7f}";
    let made = org.post(AGENTS, json!({"name": odd, "description": odd})).await;
    assert_eq!(made.status, 201, "{made}");
    let shown = org.get(&format!("{AGENTS}/{}", made.text("id"))).await;
    assert_eq!((shown.text("name"), shown.text("description")), (odd.to_owned(), odd.to_owned()));
}
