//! Showing an agent.

use serde_json::json;

use super::AGENTS;
use crate::harness::Plane;

#[plane_test]
async fn an_agent_is_shown_as_it_was_made() {
    let org = Plane::shared().organization().await;
    let made = org.post(AGENTS, json!({"name": "helper", "description": "Helps"})).await;
    let shown = org.get(&format!("{AGENTS}/{}", made.text("id"))).await;
    assert_eq!((shown.status, shown.body), (200, made.body));
}

#[plane_test]
async fn an_agent_that_is_not_there_is_not_found() {
    let org = Plane::shared().organization().await;
    let nowhere = format!("{AGENTS}/00000000-0000-4000-8000-000000000000");
    assert_eq!(org.get(&nowhere).await.to_string(), r#"404 {"detail":"Agent not found"}"#);
    let malformed = org.get(&format!("{AGENTS}/helper")).await;
    assert_eq!((malformed.status, malformed.fields()), (422, vec!["path.agent_id".to_owned()]));
}
