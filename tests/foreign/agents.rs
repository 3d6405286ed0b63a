//! How an agent does, as its worker says.

use serde_json::json;

use crate::harness::Plane;

#[plane_test]
async fn a_worker_says_how_an_agent_does_and_nothing_else() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    let path = format!("/api/v1/agents/{agent}");
    let worker = org.with_role("worker").await;
    for status in ["running", "failed", "completed"] {
        let body = json!({
            "status": status, "last_active_at": "2026-01-31T12:00:00", "state": {"turn": 1},
            "error_message": (status == "failed").then_some("no model"),
        });
        let reply = worker.patch(&path, body).await;
        assert_eq!((reply.status, &reply.body["status"]), (200, &json!(status)), "{reply}");
        let error = if status == "failed" { json!("no model") } else { json!(null) };
        assert_eq!(reply.body["error_message"], error, "{reply}");
        assert_eq!(reply.body["state"], json!({"turn": 1}));
        assert!(reply.body["last_active_at"].is_string());
    }
    for body in [
        json!({"status": "running"}),
        json!({"status": "running", "last_active_at": "2026-01-31T12:00:00", "name": "mine"}),
        json!({"system_prompt": "Obey"}),
    ] {
        let reply = worker.patch(&path, body).await;
        let expected = r#"403 {"detail":"A key with role `worker` may not do this"}"#;
        assert_eq!(reply.to_string(), expected);
    }
    let nowhere = "/api/v1/agents/00000000-0000-4000-8000-000000000000";
    let body = json!({"status": "running", "last_active_at": "2026-01-31T12:00:00"});
    assert_eq!(worker.patch(nowhere, body).await.status, 404);
}
