//! What an agent's runs get, as their worker asks for it.

use serde_json::json;

use crate::harness::{Plane, unique};

#[plane_test]
async fn an_agents_own_is_laid_over_its_environments() {
    let org = Plane::shared().organization().await;
    let environment = json!({
        "name": unique("env"),
        "execution_environment": {
            "env_vars": {"REGION": "eu", "STAGE": "test"},
            "mcp_servers": {"files": {"command": "files"}},
        },
    });
    let environment = org.create("/api/v1/environments", environment).await;
    let agent = json!({
        "name": unique("agent"), "system_prompt": "Be brief", "environment_ids": [environment],
        "execution_environment": {"env_vars": {"STAGE": "live"}},
    });
    let agent = org.create("/api/v1/agents", agent).await;
    let path = format!("/api/v1/execution-environment/agents/{agent}/resolved");
    let variables = org.get(&path).await;
    assert_eq!(variables.body, json!({"REGION": "eu", "STAGE": "live"}), "{variables}");
    let all = org.get(&format!("{path}/full")).await;
    assert_eq!(all.body["env_vars"], variables.body, "{all}");
    assert_eq!(all.body["mcp_servers"], json!({"files": {"command": "files"}}));
    assert_eq!(all.body["system_prompt"], "Be brief");
    assert!(all.body["dataset_name"].as_str().is_some_and(|name| name.starts_with("env")));
    let nowhere = "/api/v1/execution-environment/agents/00000000-0000-4000-8000-000000000000";
    assert_eq!(org.get(&format!("{nowhere}/resolved")).await.status, 404);
}
