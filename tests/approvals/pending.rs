//! What waits for the caller.

use serde_json::json;

use super::{Asking, email, path};
use crate::harness::{Plane, tokens};

const PENDING: &str = "/api/v1/approvals/pending";

#[plane_test]
async fn everybody_sees_what_they_may_decide_and_nothing_else() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let address = email(&asking.org).await;
    let unnamed = asking.ask(json!({})).await;
    let named = asking.ask(json!({"approver_emails": ["x@y", address.to_uppercase()]})).await;
    let anothers = asking.ask(json!({"approver_emails": [format!("x{address}")]})).await;
    let body = asking.body(json!({}));
    let own = asking.org.create("/api/v1/approvals", body).await;
    let decided = asking.ask(json!({})).await;
    assert_eq!(asking.org.post(&(path(&decided) + "/reject"), json!({})).await.status, 200);
    let reply = asking.org.get(PENDING).await;
    assert_eq!((reply.status, reply.texts("id")), (200, vec![named.as_str(), &unnamed]), "{reply}");
    let member = asking.org.with_role("member").await;
    assert_eq!(member.get(PENDING).await.texts("id"), [named.as_str()]);
    for role in ["viewer", "worker"] {
        let org = asking.org.with_role(role).await;
        assert_eq!(org.get(PENDING).await.body, json!([]), "whose key decides nothing");
    }
    // What is shown is what can be decided.
    for (id, status) in [(&named, 200), (&unnamed, 200), (&anothers, 403), (&own, 403)] {
        let reply = asking.org.post(&(path(id) + "/approve"), json!({})).await;
        assert_eq!(reply.status, status, "{reply}");
    }
}

#[plane_test]
async fn an_address_with_a_wildcard_is_just_an_address() {
    let plane = Plane::shared();
    let asking = Asking::settle(plane.organization().await).await;
    let odd = asking.org.with_role("member").await;
    tokens::give_to(plane, &odd.key, "a%_@acme.example");
    asking.ask(json!({"approver_emails": ["abc@acme.example"]})).await;
    let theirs = asking.ask(json!({"approver_emails": ["a%_@acme.example"]})).await;
    assert_eq!(odd.get(PENDING).await.texts("id"), [theirs.as_str()]);
}

#[plane_test]
async fn an_address_in_letters_beyond_ascii_is_found_too() {
    let plane = Plane::shared();
    let asking = Asking::settle(plane.organization().await).await;
    let odd = asking.org.with_role("member").await;
    tokens::give_to(plane, &odd.key, "Änn@acme.example");
    let theirs = asking.ask(json!({"approver_emails": ["Änn@ACME.example"]})).await;
    assert_eq!(odd.get(PENDING).await.texts("id"), [theirs.as_str()]);
    assert_eq!(odd.post(&(path(&theirs) + "/approve"), json!({})).await.status, 200);
}

#[plane_test]
async fn what_is_asked_in_a_run_that_is_over_waits_for_nobody() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let other = Asking::settle(asking.org.clone()).await;
    asking.ask(json!({})).await;
    let goes_on = other.ask(json!({})).await;
    assert_eq!(asking.org.cancel(&asking.run).await.status, 200);
    assert_eq!(asking.org.get(PENDING).await.texts("id"), [goes_on.as_str()]);
}
