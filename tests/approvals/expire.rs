//! Requests that nobody decides in time.

use serde_json::{Value, json};

use super::{Asking, path};
use crate::harness::Plane;

/// Lets the time of all requests of a plane be over.
fn overdue(plane: &Plane) {
    plane.change("UPDATE approval_requests SET expires_at = 1000000 WHERE status = 'pending'");
}

/// The request once the run's log tells that it has expired.
async fn expired(asking: &Asking, id: &str) -> Value {
    let run = &asking.run;
    let frames = asking.org.stream_until(run, None, |one| one.event == "approval_resolved").await;
    let expected = json!({
        "approval_id": id, "execution_id": run, "status": "expired", "tool_name": "deploy",
        "approved_by_email": null, "rejection_reason": null,
    });
    assert_eq!(frames.last().expect("frames").data["data"], expected);
    let body = asking.org.get(&path(id)).await.body;
    assert_eq!(body["status"], "expired");
    assert!(body["resolved_at"].is_string(), "{body}");
    assert_eq!(body["approved_by_email"], Value::Null);
    body
}

#[plane_test(stores)]
async fn one_that_is_overdue_expires_by_itself_once_and_for_all() {
    let plane = Plane::start();
    let asking = Asking::settle(plane.organization().await).await;
    let id = asking.ask(json!({})).await;
    overdue(&plane);
    let body = expired(&asking, &id).await;
    let reply = asking.org.post(&(path(&id) + "/approve"), json!({})).await;
    let text = "Approval request has expired at 1970-01-01T00:00:01Z";
    assert_eq!((reply.status, &reply.body["detail"]), (409, &json!(text)), "{reply}");
    assert_eq!(asking.org.get(&path(&id)).await.body, body);
    assert_eq!(asking.told().await.len(), 1);
}

#[plane_test(stores)]
async fn one_that_is_overdue_is_not_decided_whoever_is_first_to_see_it() {
    let plane = Plane::start();
    let asking = Asking::settle(plane.organization().await).await;
    for word in ["approve", "reject"] {
        let id = asking.ask(json!({})).await;
        overdue(&plane);
        // At this very moment, most likely before the plane looks.
        let reply = asking.org.post(&format!("{}/{word}", path(&id)), json!({})).await;
        let text = "Approval request has expired at 1970-01-01T00:00:01Z";
        assert_eq!((reply.status, &reply.body["detail"]), (409, &json!(text)), "{reply}");
        assert_eq!(asking.org.get(&path(&id)).await.body["status"], "expired");
        assert_eq!(asking.org.get("/api/v1/approvals/pending").await.body, json!([]));
    }
    let told = asking.told().await;
    assert_eq!(told.iter().map(|one| &one["status"]).collect::<Vec<_>>(), ["expired", "expired"]);
}

#[plane_test(stores)]
async fn one_that_is_overdue_waits_for_nobody() {
    let plane = Plane::start();
    let asking = Asking::settle(plane.organization().await).await;
    let id = asking.ask(json!({})).await;
    let pending = "/api/v1/approvals/pending";
    assert_eq!(asking.org.get(pending).await.texts("id"), [id.as_str()]);
    overdue(&plane);
    // At this very moment, most likely before the plane looks.
    assert_eq!(asking.org.get(pending).await.body, json!([]));
}

#[plane_test(stores)]
async fn one_whose_time_ended_while_the_plane_was_down_expires_after_its_start() {
    let mut plane = Plane::start();
    let mut asking = Asking::settle(plane.organization().await).await;
    let id = asking.ask(json!({"risk_level": "high"})).await;
    let open = asking.ask(json!({})).await;
    plane.kill();
    plane.change("UPDATE approval_requests SET expires_at = 1000000 WHERE risk_level = 'high'");
    let plane = plane.kill_and_restart();
    asking.org = asking.org.at(&plane);
    expired(&asking, &id).await;
    assert_eq!(asking.org.get(&path(&open)).await.body["status"], "pending");
}
