//! Deleting an agent.

use serde_json::{Value, json};

use super::AGENTS;
use crate::harness::Plane;

#[plane_test]
async fn a_deleted_agent_is_gone_and_its_skills_and_runs_stay() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    let run = org.execute(&agent, json!({"prompt": "Hello"})).await;
    org.finished(&run).await;
    let path = format!("{AGENTS}/{agent}");
    let reply = org.delete(&path).await;
    assert_eq!((reply.status, reply.body), (204, Value::String(String::new())));
    assert_eq!(org.get(&path).await.status, 404);
    assert_eq!(org.delete(&path).await.to_string(), r#"404 {"detail":"Agent not found"}"#);
    assert_eq!(org.patch(&path, json!({"description": "x"})).await.status, 404);
    assert_eq!(org.get(AGENTS).await.body, json!([]));
    assert_eq!(org.get("/api/v1/skills").await.texts("name"), ["Shell"]);
    assert_eq!(org.execution(&run).await["status"], "completed");
    let associations = format!("/api/v1/skills/associations/agent/{agent}/skills");
    assert_eq!(org.get(&associations).await.status, 404);
}

#[plane_test]
async fn a_deleted_agent_takes_no_more_prompts() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    // Remembered by the plane, before it goes.
    org.execute(&agent, json!({"prompt": "Hello"})).await;
    org.delete(&format!("{AGENTS}/{agent}")).await;
    let reply = org.post(&format!("{AGENTS}/{agent}/execute"), json!({"prompt": "Hello?"})).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Agent not found"}"#);
}
