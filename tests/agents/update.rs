//! Changing an agent: what is absent stays, null and (for texts) empty clear, a value replaces.

use serde_json::{Value, json};

use super::AGENTS;
use crate::harness::Plane;

/// An agent whose every field holds something.
fn full() -> Value {
    json!({
        "name": "helper", "description": "Helps", "system_prompt": "Be brief.",
        "capabilities": ["shell"], "configuration": {"a": 1}, "model_id": "claude-3-5-sonnet",
        "llm_config": {"top_p": 1}, "runtime": "claude_code", "runner_name": "r",
        "execution_environment": {"env_vars": {"A": "b"}},
    })
}

#[plane_test]
async fn nothing_changes_nothing_but_the_time() {
    let org = Plane::shared().organization().await;
    let mut before = org.post(AGENTS, full()).await;
    let path = format!("{AGENTS}/{}", before.text("id"));
    let mut after = org.patch(&path, json!({})).await;
    assert_eq!(after.status, 200, "{after}");
    assert!(after.text("updated_at") > before.text("updated_at"), "the time is touched");
    for reply in [&mut before, &mut after] {
        reply.body.as_object_mut().unwrap().remove("updated_at");
    }
    assert_eq!(after.body, before.body);
}

#[plane_test]
async fn a_value_replaces_and_the_rest_stays() {
    let org = Plane::shared().organization().await;
    let before = org.post(AGENTS, full()).await;
    let path = format!("{AGENTS}/{}", before.text("id"));
    for (field, value) in [
        ("name", json!("assistant")),
        ("description", json!("Assists")),
        ("status", json!("running")),
        ("capabilities", json!([])),
        ("model_id", json!("claude-4")),
        ("llm_config", json!({})),
        ("runtime", json!("default")),
        ("runner_name", json!("s")),
        ("state", json!({"step": 2})),
    ] {
        let body = Value::Object([(field.to_owned(), value.clone())].into_iter().collect());
        let mut reply = org.patch(&path, body).await;
        assert_eq!((reply.status, &reply.body[field]), (200, &value), "{field}");
        // Everything else is as it was.
        reply.body[field] = before.body[field].clone();
        for derived in ["updated_at", "model"] {
            reply.body[derived] = before.body[derived].clone();
        }
        assert_eq!(reply.body, before.body, "{field}");
        let back =
            Value::Object([(field.to_owned(), before.body[field].clone())].into_iter().collect());
        assert_eq!(org.patch(&path, back).await.status, 200, "{field}");
    }
    assert_eq!(org.get(&path).await.body["created_at"], before.body["created_at"]);
}

#[plane_test]
async fn null_clears() {
    let org = Plane::shared().organization().await;
    let path = format!("{AGENTS}/{}", org.create(AGENTS, full()).await);
    let nulls = json!({
        "description": null, "system_prompt": null, "capabilities": null, "model_id": null,
        "llm_config": null, "runtime": null, "runner_name": null, "team_id": null, "state": null,
        "execution_environment": null, "status": null, "skill_ids": null, "environment_ids": null,
    });
    let reply = org.patch(&path, nulls).await;
    assert_eq!(reply.status, 200, "{reply}");
    let cleared = [
        "description",
        "system_prompt",
        "model_id",
        "model",
        "runtime",
        "runner_name",
        "team_id",
        "execution_environment",
    ];
    for field in cleared {
        assert_eq!(reply.body[field], json!(null), "{field}");
    }
    assert_eq!(reply.body["capabilities"], json!([]));
    assert_eq!((&reply.body["llm_config"], &reply.body["state"]), (&json!({}), &json!({})));
    assert_eq!(reply.body["configuration"], json!({"a": 1}));
    assert_eq!(reply.body["status"], "idle", "null leaves what cannot be empty");
    assert_eq!(reply.body["skills"][0]["name"], "Shell");
}

#[plane_test]
async fn an_empty_text_clears_or_says_nothing() {
    let org = Plane::shared().organization().await;
    let path = format!("{AGENTS}/{}", org.create(AGENTS, full()).await);
    // Terraform sends empty texts for attributes that were removed (contract, clients K17), and for
    // those it has not decided on (K15).
    let empty = json!({
        "description": "", "model_id": "", "team_id": "", "runner_name": "", "status": "", "runtime": "",
    });
    let reply = org.patch(&path, empty).await;
    assert_eq!(reply.status, 200, "{reply}");
    for field in ["description", "model_id", "team_id", "runner_name"] {
        assert_eq!(reply.body[field], json!(null), "{field}");
    }
    assert_eq!(
        (reply.text("status"), reply.text("runtime")),
        ("idle".into(), "claude_code".into())
    );
}

#[plane_test]
async fn instructions_and_configuration_go_together() {
    let org = Plane::shared().organization().await;
    let path = format!("{AGENTS}/{}", org.create(AGENTS, full()).await);
    for (change, configuration) in [
        (json!({"system_prompt": "Be kind."}), json!({"a": 1, "system_prompt": "Be kind."})),
        (
            json!({"system_prompt": "Be fast.", "configuration": {"b": 2}}),
            json!({"b": 2, "system_prompt": "Be fast."}),
        ),
        (json!({"configuration": {"system_prompt": "In it."}}), json!({"system_prompt": "In it."})),
        (json!({"configuration": {"c": 3}}), json!({"c": 3})),
    ] {
        let reply = org.patch(&path, change.clone()).await;
        assert_eq!(reply.body["configuration"], configuration, "{change}");
        let prompt = configuration.get("system_prompt").cloned().unwrap_or_default();
        assert_eq!(reply.body["system_prompt"], prompt, "{change}");
    }
}

#[plane_test]
async fn a_model_that_the_runtime_cannot_drive_is_refused_whichever_of_the_two_changes() {
    let org = Plane::shared().organization().await;
    let path =
        format!("{AGENTS}/{}", org.create(AGENTS, json!({"name": "a", "model_id": "gpt-4"})).await);
    let refused = org.patch(&path, json!({"runtime": "claude_code"})).await;
    assert_eq!(refused.status, 400, "{refused}");
    assert_eq!(org.get(&path).await.body["runtime"], json!(null), "nothing is written");
    let both = json!({"runtime": "claude_code", "model_id": "claude-4"});
    assert_eq!(org.patch(&path, both).await.status, 200);
    assert_eq!(org.patch(&path, json!({"model": "gpt-4"})).await.status, 400);
    let cleared = org.patch(&path, json!({"model_id": null})).await;
    assert_eq!((cleared.status, &cleared.body["model_id"]), (200, &Value::Null));
}

#[plane_test]
async fn a_name_that_another_agent_has_is_refused() {
    let org = Plane::shared().organization().await;
    org.create(AGENTS, json!({"name": "taken"})).await;
    let path = format!("{AGENTS}/{}", org.create(AGENTS, json!({"name": "helper"})).await);
    let reply = org.patch(&path, json!({"name": "taken", "description": "x"})).await;
    let detail = "Agent with this name already exists in your organization";
    assert_eq!((reply.status, reply.text("detail").as_str()), (409, detail));
    let after = org.get(&path).await;
    assert_eq!((after.text("name").as_str(), &after.body["description"]), ("helper", &Value::Null));
    assert_eq!(
        org.patch(&path, json!({"name": "helper"})).await.status,
        200,
        "its own name is free"
    );
}

#[plane_test]
async fn changes_at_the_same_time_all_happen() {
    let org = Plane::shared().organization().await;
    let path = format!("{AGENTS}/{}", org.create(AGENTS, json!({"name": "helper"})).await);
    let change = async |body: Value| org.patch(&path, body).await.status;
    let statuses = tokio::join!(
        change(json!({"description": "Helps"})),
        change(json!({"runner_name": "r"})),
        change(json!({"model_id": "gpt-4"})),
        change(json!({"state": {"a": 1}})),
        change(json!({"llm_config": {"b": 2}})),
    );
    assert_eq!(statuses, (200, 200, 200, 200, 200));
    let after = org.get(&path).await.body;
    assert_eq!(after["description"], "Helps");
    assert_eq!((&after["runner_name"], &after["model_id"]), (&json!("r"), &json!("gpt-4")));
    assert_eq!((&after["state"], &after["llm_config"]), (&json!({"a": 1}), &json!({"b": 2})));
}
