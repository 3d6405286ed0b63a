//! Asking for an approval.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Asking, email, path};
use crate::harness::Plane;

#[plane_test]
async fn what_is_asked_is_kept_with_who_asks_and_until_when() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let body = json!({
        "tool_args": {"to": "production"}, "risk_level": "high", "enforcement_context": {"a": [1]},
        "approver_emails": ["Ann@acme.example", "ann@ACME.example", "bob@acme.example"],
        "timeout_minutes": 90, "rule_id": "00000000-0000-4000-8000-000000000001",
    });
    let id = asking.ask(body).await;
    let reply = asking.org.get(&path(&id)).await;
    assert_eq!(reply.status, 200, "{reply}");
    let caller = asking.org.get("/api/v1/auth/validate").await;
    let mut made: Map<String, Value> = reply.body.as_object().expect("an object").clone();
    let mut instant = |field: &str| -> Timestamp {
        let text = made.remove(field).expect(field);
        let text = text.as_str().expect("a text").to_owned();
        assert!(text.ends_with('Z'), "RFC 3339 with an offset: {text}");
        text.parse().expect("an instant")
    };
    let (created, expires) = (instant("created_at"), instant("expires_at"));
    assert_eq!(expires.duration_since(created).as_mins(), 90);
    assert_eq!(instant("updated_at"), created);
    let expected = json!({
        "id": id, "organization_id": asking.org.name, "execution_id": asking.run,
        "rule_id": "00000000-0000-4000-8000-000000000001", "status": "pending",
        "requester_email": caller.body["user_email"], "requester_id": caller.body["user_id"],
        "tool_name": "deploy", "tool_args": {"to": "production"}, "risk_level": "high",
        "message": null, "enforcement_context": {"a": [1]},
        "approver_emails": ["Ann@acme.example", "bob@acme.example"],
        "approved_by_email": null, "approved_by_name": null, "comment": null,
        "rejection_reason": null, "resolved_at": null,
    });
    assert_eq!(Value::Object(made), expected);
}

#[plane_test]
async fn who_may_decide_is_named_by_id_too_and_nobody_need_be() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let caller = asking.org.get("/api/v1/auth/validate").await;
    let id = asking.ask(json!({"approver_user_ids": [caller.body["user_id"]]})).await;
    let made = asking.org.get(&path(&id)).await;
    assert_eq!(made.body["approver_emails"], json!([email(&asking.org).await]));
    let id = asking.ask(json!({"approver_emails": [], "approver_user_emails": []})).await;
    let made = asking.org.get(&path(&id)).await;
    assert_eq!(made.body["approver_emails"], Value::Null);
    let minutes = |reply: &crate::harness::Reply| {
        let at = |field: &str| reply.text(field).parse::<Timestamp>().expect("an instant");
        at("expires_at").duration_since(at("created_at")).as_mins()
    };
    assert_eq!(minutes(&made), 1440);
}

#[plane_test]
async fn what_is_wrong_is_told_by_its_field_and_nothing_is_kept() {
    let plane = Plane::shared();
    let asking = Asking::settle(plane.organization().await).await;
    let other = Asking::settle(plane.organization().await).await;
    let other_user = other.org.get("/api/v1/auth/validate").await.text("user_id");
    let nobody = "00000000-0000-4000-8000-000000000000";
    let mut deep = json!({});
    for _ in 0..40 {
        deep = json!({"deeper": deep});
    }
    let big = json!({"text": "x".repeat(65 * 1024)});
    let many: Vec<_> = (0..101).map(|n| format!("{n}@acme.example")).collect();
    for (more, field) in [
        (json!({"execution_id": nobody}), "body.execution_id"),
        (json!({"execution_id": other.run}), "body.execution_id"),
        (json!({"execution_id": "x"}), "body.execution_id"),
        (json!({"execution_id": null}), "body.execution_id"),
        (json!({"tool_name": null}), "body.tool_name"),
        (json!({"tool_name": ""}), "body.tool_name"),
        (json!({"tool_name": "x".repeat(256)}), "body.tool_name"),
        (json!({"tool_name": null, "title": "x".repeat(256)}), "body.title"),
        (json!({"tool_args": [1]}), "body.tool_args"),
        (json!({"tool_args": deep}), "body.tool_args"),
        (json!({"tool_args": big}), "body.tool_args"),
        (json!({"enforcement_context": big}), "body.enforcement_context"),
        (json!({"context": big}), "body.context"),
        (json!({"context": {"a": "nul \u{0}"}}), "body.context"),
        (json!({"risk_level": "x".repeat(51)}), "body.risk_level"),
        (json!({"message": "x".repeat(10_001)}), "body.message"),
        (json!({"rule_id": "seven"}), "body.rule_id"),
        (json!({"timeout_minutes": 0}), "body.timeout_minutes"),
        (json!({"timeout_minutes": 43_201}), "body.timeout_minutes"),
        (json!({"timeout_minutes": "soon"}), "body.timeout_minutes"),
        (json!({"approver_emails": many}), "body.approver_emails"),
        (json!({"approver_emails": ["a@b", "nobody"]}), "body.approver_emails.1"),
        (json!({"approver_user_emails": ["a\"@b"]}), "body.approver_user_emails.0"),
        (json!({"approver_emails": "a@b"}), "body.approver_emails"),
        (json!({"approver_user_ids": [nobody]}), "body.approver_user_ids.0"),
        (json!({"approver_user_ids": [other_user]}), "body.approver_user_ids.0"),
        (json!({"approver_user_ids": ["x"]}), "body.approver_user_ids.0"),
        (json!({"approver_group_id": nobody}), "body.approver_group_id"),
    ] {
        let reply = asking.worker.post("/api/v1/approvals", asking.body(more.clone())).await;
        let fields = vec![field.to_owned()];
        assert_eq!((reply.status, reply.fields()), (422, fields), "{field}: {reply}");
    }
    assert_eq!(asking.org.get("/api/v1/approvals").await.body, json!([]));
}

#[plane_test]
async fn a_person_who_names_only_themselves_asks_nobody() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let address = email(&asking.org).await;
    let body = asking.body(json!({"approver_emails": [address]}));
    // Taken, as the contract has it: it waits for its end.
    let id = asking.org.create("/api/v1/approvals", body).await;
    assert_eq!(asking.org.get("/api/v1/approvals/pending").await.body, json!([]));
    let reply = asking.org.post(&(path(&id) + "/approve"), json!({})).await;
    let text = format!("Who asks for an approval may not decide it; it is asked of {address}");
    assert_eq!((reply.status, &reply.body["detail"]), (403, &json!(text)), "{reply}");
}

#[plane_test]
async fn a_run_that_is_over_asks_for_nothing() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    assert_eq!(asking.org.cancel(&asking.run).await.status, 200);
    let log = asking.org.log(&asking.run).await;
    let reply = asking.worker.post("/api/v1/approvals", asking.body(json!({}))).await;
    assert_eq!(reply.to_string(), r#"409 {"detail":"Execution is cancelled"}"#);
    assert_eq!(asking.org.get("/api/v1/approvals").await.body, json!([]));
    assert_eq!(asking.org.log(&asking.run).await, log);
}

#[plane_test]
async fn a_request_that_is_not_there_is_told_as_the_contract_says() {
    let org = Plane::shared().organization().await;
    let reply = org.get(&path("00000000-0000-4000-8000-000000000000")).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Approval request not found"}"#);
    let reply = org.get(&path("nowhere")).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["path.request_id".to_owned()]));
}
