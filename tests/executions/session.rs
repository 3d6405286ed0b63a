//! The conversation of a run.

use model_server::Reply;
use serde_json::json;

use crate::harness::{Model, Plane, shell};

#[plane_test]
async fn a_conversation_has_every_message_once_and_in_order() {
    let org = Plane::shared().organization().await;
    let model = Model::new([shell("echo hi"), shell("exit 1"), Reply::text("Done.")]);
    let id = org.ask(&model, "go").await;
    org.finished(&id).await;
    let session = org.get(&format!("/api/v1/executions/{id}/session")).await;
    assert_eq!(session.body["session_id"], id.as_str());
    assert_eq!(session.body["execution_id"], id.as_str());
    assert_eq!(session.body["message_count"], 6);
    let messages = session.body["messages"].as_array().expect("messages");
    let roles: Vec<_> = messages.iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant", "tool", "assistant"]);
    let ids: Vec<_> = messages.iter().map(|message| message["message_id"].clone()).collect();
    let unique: std::collections::BTreeSet<_> = ids.iter().map(|id| id.to_string()).collect();
    assert_eq!(unique.len(), 6, "{ids:?}");
    assert_eq!(ids[0], format!("{id}_user_1"));
    assert_eq!(ids[1], format!("{id}_assistant_1"));
    assert!(messages[0]["user_email"].is_string(), "{session}");

    assert_eq!(messages[1]["tool_calls"][0]["arguments"], json!({"command": "echo hi"}));
    assert_eq!(messages[2]["tool_use_id"], messages[1]["tool_calls"][0]["id"]);
    assert_eq!(messages[2]["tool_name"], "run_shell_command");
    assert_eq!(messages[2]["tool_status"], "success");
    assert_eq!(messages[2]["content"], "hi");
    assert_eq!(messages[4]["tool_status"], "failed");
    assert_eq!(messages[5]["content"], "Done.");
}
