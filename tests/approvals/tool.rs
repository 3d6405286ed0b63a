//! The tool `wait_for_approval` of the reference's worker: it creates a request under names of its own
//! and reads it until it is decided (contract, auth §4.1).

use serde_json::{Value, json};

use super::{Asking, path};
use crate::harness::Plane;

/// What it sends.
fn sent(run: &str) -> Value {
    json!({
        "execution_id": run, "title": "Deploy to production", "message": "Version 7 is ready",
        "approver_user_ids": [], "approver_user_emails": [], "approver_group_id": null,
        "timeout_minutes": 1440, "context": {"version": 7},
    })
}

#[plane_test]
async fn it_creates_reads_on_and_hears_who_has_decided() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let (worker, org) = (&asking.worker, &asking.org);
    let made = worker.post("/api/v1/approvals", sent(&asking.run)).await;
    assert_eq!((made.status, &made.body["status"]), (201, &json!("pending")), "{made}");
    assert!(made.text("expires_at").ends_with('Z'));
    let path = path(&made.text("id"));
    assert_eq!(worker.get(&path).await.body, made.body, "nothing has happened yet");
    // What a person sees of it.
    let shown = org.get("/api/v1/approvals/pending").await.body[0].clone();
    assert_eq!(shown["tool_name"], "Deploy to production");
    assert_eq!(shown["message"], "Version 7 is ready");
    assert_eq!(shown["enforcement_context"], json!({"version": 7}));
    assert_eq!(shown["approver_emails"], Value::Null);
    assert_eq!(
        org.post(&(path.clone() + "/reject"), json!({"reason": "Too soon"})).await.status,
        200
    );
    let heard = worker.get(&path).await;
    assert_eq!((heard.status, &heard.body["status"]), (200, &json!("rejected")), "{heard}");
    assert_eq!(heard.body["rejection_reason"], "Too soon");
    assert_eq!(heard.body["approved_by_name"], "owner");
    assert!(heard.text("approved_by_email").starts_with("owner@"));
    assert!(heard.text("resolved_at").ends_with('Z'));
}

#[plane_test]
async fn the_contracts_names_win_over_those_of_the_tool() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let mut body = sent(&asking.run);
    body["tool_name"] = json!("deploy");
    body["enforcement_context"] = json!({"a": 1});
    body["approver_emails"] = json!(["ann@acme.example"]);
    body["approver_user_emails"] = json!(["bob@acme.example"]);
    let made = asking.worker.post("/api/v1/approvals", body).await;
    assert_eq!((made.status, &made.body["tool_name"]), (201, &json!("deploy")), "{made}");
    assert_eq!(made.body["enforcement_context"], json!({"a": 1}));
    assert_eq!(made.body["approver_emails"], json!(["ann@acme.example"]));
}

#[plane_test]
async fn the_worker_cannot_say_yes_to_itself() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let made = asking.worker.post("/api/v1/approvals", sent(&asking.run)).await;
    let approve = path(&made.text("id")) + "/approve";
    let reply = asking.worker.post(&approve, json!({})).await;
    let expected = r#"403 {"detail":"A key with role `worker` may not do this"}"#;
    assert_eq!(reply.to_string(), expected);
}
