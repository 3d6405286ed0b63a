//! Saying no.

use serde_json::{Value, json};

use super::{Asking, email, path};
use crate::harness::Plane;

#[plane_test]
async fn a_no_says_why_and_is_final() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let id = asking.ask(json!({})).await;
    let reject = path(&id) + "/reject";
    let reply = asking.org.post(&reject, json!({"reason": "Not on a Friday"})).await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!("rejected")), "{reply}");
    assert_eq!(reply.body["rejection_reason"], "Not on a Friday");
    assert_eq!(reply.body["approved_by_email"], json!(email(&asking.org).await));
    assert_eq!(reply.body["comment"], Value::Null);
    let told = asking.told().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["status"], "rejected");
    assert_eq!(told[0]["rejection_reason"], "Not on a Friday");
    for word in ["approve", "reject"] {
        let again = asking.org.post(&format!("{}/{word}", path(&id)), json!({})).await;
        let expected = r#"409 {"detail":"Approval request is rejected already"}"#;
        assert_eq!(again.to_string(), expected);
    }
    assert_eq!(asking.org.get(&path(&id)).await.body, reply.body);
    assert_eq!(asking.told().await, told);
}

#[plane_test]
async fn what_is_said_with_a_decision_has_its_limits() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let id = asking.ask(json!({})).await;
    let long = "x".repeat(10_001);
    for (word, body, field) in [
        ("approve", json!({"comment": long}), "body.comment"),
        ("approve", json!({"comment": 1}), "body.comment"),
        ("reject", json!({"reason": long}), "body.reason"),
        ("reject", json!({"reason": ["x"]}), "body.reason"),
        ("reject", json!([]), "body"),
    ] {
        let reply = asking.org.post(&format!("{}/{word}", path(&id)), body).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{reply}");
    }
    assert_eq!(asking.org.get(&path(&id)).await.body["status"], "pending");
}
