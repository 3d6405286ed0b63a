//! Saying yes.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Asking, email, path};
use crate::harness::{Plane, tokens};

#[plane_test]
async fn who_is_named_approves_in_whatever_case_and_the_run_tells_it() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let address = email(&asking.org).await;
    let id = asking.ask(json!({"approver_emails": [address.to_uppercase()]})).await;
    let by_member = asking.org.with_role("member").await;
    let reply = by_member.post(&(path(&id) + "/approve"), json!({"comment": "Go on"})).await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!("approved")), "{reply}");
    assert_eq!(reply.body["approved_by_email"], json!(address));
    assert_eq!(reply.body["approved_by_name"], "owner");
    assert_eq!(reply.body["comment"], "Go on");
    assert_eq!(reply.body["rejection_reason"], Value::Null);
    assert!(reply.text("resolved_at").ends_with('Z'));
    assert_eq!(asking.org.get(&path(&id)).await.body, reply.body);
    let frames =
        asking.org.stream_until(&asking.run, None, |one| one.event == "approval_resolved").await;
    let expected = json!({
        "approval_id": id, "execution_id": asking.run, "status": "approved",
        "tool_name": "deploy", "approved_by_email": address, "rejection_reason": null,
    });
    assert_eq!(frames.last().expect("frames").data["data"], expected);
}

#[plane_test]
async fn where_nobody_is_named_who_administers_decides_and_no_member() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let id = asking.ask(json!({})).await;
    let approve = path(&id) + "/approve";
    let reply = asking.org.with_role("member").await.post(&approve, json!({})).await;
    let text = "You may not decide this request; it is asked of those who may administer the \
                organization";
    assert_eq!((reply.status, &reply.body["detail"]), (403, &json!(text)), "{reply}");
    assert_eq!(asking.org.with_role("admin").await.post(&approve, json!({})).await.status, 200);
}

#[plane_test]
async fn who_is_not_named_may_not_decide_though_they_own_everything() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let id = asking.ask(json!({"approver_emails": ["ann@acme.example", "bob@acme.example"]})).await;
    for word in ["approve", "reject"] {
        let reply = asking.org.post(&format!("{}/{word}", path(&id)), json!({})).await;
        let text =
            "You may not decide this request; it is asked of ann@acme.example, bob@acme.example";
        assert_eq!((reply.status, &reply.body["detail"]), (403, &json!(text)), "{reply}");
    }
    assert_eq!(asking.org.get(&path(&id)).await.body["status"], "pending");
    assert_eq!(asking.told().await, Vec::<Value>::new());
}

#[plane_test]
async fn who_asks_does_not_decide_and_another_person_does() {
    let plane = Plane::shared();
    let asking = Asking::settle(plane.organization().await).await;
    let ann = asking.org.with_role("admin").await;
    tokens::give_to(plane, &ann.key, "ann@acme.example");
    // Asked with the key of a person, not of a worker.
    let body = asking.body(json!({}));
    let id = asking.org.create("/api/v1/approvals", body).await;
    for word in ["approve", "reject"] {
        let path = format!("{}/{word}", path(&id));
        // Another key is no other person.
        for org in [&asking.org, &asking.org.with_role("admin").await] {
            let reply = org.post(&path, json!({})).await;
            let text = "Who asks for an approval may not decide it; it is asked of those who may \
                        administer the organization";
            assert_eq!((reply.status, &reply.body["detail"]), (403, &json!(text)), "{reply}");
        }
    }
    let reply = ann.post(&(path(&id) + "/approve"), json!({})).await;
    assert_eq!((reply.status, &reply.body["approved_by_email"]), (200, &json!("ann@acme.example")));
}

#[plane_test]
async fn of_many_decisions_at_once_one_holds_and_is_told_once() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let id = asking.ask(json!({})).await;
    let words = ["approve", "reject"].repeat(8);
    let paths: Vec<_> = words.into_iter().map(|word| format!("{}/{word}", path(&id))).collect();
    let replies = join_all(paths.iter().map(|path| asking.org.post(path, json!({})))).await;
    let (held, others): (Vec<_>, Vec<_>) = replies.iter().partition(|one| one.status == 200);
    assert_eq!(held.len(), 1, "{replies:?}");
    let status = held[0].text("status");
    let text = json!(format!("Approval request is {status} already"));
    assert!(others.iter().all(|one| one.status == 409 && one.body["detail"] == text), "{others:?}");
    let told = asking.told().await;
    assert_eq!((told.len(), &told[0]["status"]), (1, &json!(status)), "{told:?}");
}

#[plane_test]
async fn what_is_decided_after_the_end_of_its_run_leaves_the_log_as_it_is() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let id = asking.ask(json!({})).await;
    assert_eq!(asking.org.cancel(&asking.run).await.status, 200);
    let log = asking.org.log(&asking.run).await;
    let reply = asking.org.post(&(path(&id) + "/approve"), json!({})).await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!("approved")), "{reply}");
    assert_eq!(asking.org.log(&asking.run).await, log);
}

#[plane_test(stores)]
async fn one_whose_approvers_cannot_be_read_is_decided_by_nobody() {
    let plane = Plane::start();
    let asking = Asking::settle(plane.organization().await).await;
    let id = asking.ask(json!({"approver_emails": ["ann@acme.example"]})).await;
    plane.change("UPDATE approval_requests SET approver_emails = '{}'");
    // Not even by the owner, who would decide if nobody were named.
    for word in ["approve", "reject"] {
        let reply = asking.org.post(&format!("{}/{word}", path(&id)), json!({})).await;
        assert_eq!(reply.status, 500, "{reply}");
    }
    assert_eq!(asking.org.get(&path(&id)).await.status, 500);
    assert_eq!(plane.ask("SELECT count(*) FROM approval_requests WHERE status = 'pending'"), "1");
    assert_eq!(asking.told().await, Vec::<Value>::new());
}

#[plane_test]
async fn nobody_publishes_a_decision_that_was_not_made() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let path = format!("/api/v1/executions/{}/events", asking.run);
    let body = json!({"event_type": "approval_resolved", "data": {"status": "approved"}});
    let reply = asking.worker.post(&path, body).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.event_type".to_owned()]));
}
