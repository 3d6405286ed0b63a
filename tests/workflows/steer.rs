//! Signalling, cancelling and terminating workflows.

use serde_json::{Value, json};

use super::WORKFLOWS;
use crate::harness::{Organization, Plane, Reply};

/// A run that waits for a worker.
async fn waiting(org: &Organization) -> String {
    let queue = org.queue_without_worker().await;
    let ask = json!({"prompt": "Wait", "worker_queue_id": queue});
    org.execute(&org.agent("instant").await, ask).await
}

async fn steer(org: &Organization, run: &str, how: &str, body: Value) -> Reply {
    org.post(&format!("{WORKFLOWS}/agent-execution-{run}/{how}"), body).await
}

#[plane_test]
async fn a_cancelled_workflow_is_a_cancelled_run() {
    let org = Plane::shared().organization().await;
    let run = waiting(&org).await;
    let cancelled = steer(&org, &run, "cancel", json!({})).await;
    let expected = json!({
        "success": true, "execution_id": run, "workflow_id": format!("agent-execution-{run}"),
        "message": "Execution cancelled successfully",
    });
    assert_eq!((cancelled.status, cancelled.body), (200, expected));
    assert_eq!(org.execution(&run).await["status"], "cancelled");
    let again = steer(&org, &run, "cancel", json!({})).await;
    assert_eq!((again.status, &again.body["success"]), (200, &json!(false)));
}

#[plane_test]
async fn a_terminated_workflow_says_why() {
    let org = Plane::shared().organization().await;
    for (body, reason) in [
        (json!({"reason": "too dear"}), "Terminated: too dear"),
        (json!({}), "Terminated: no reason given"),
    ] {
        let run = waiting(&org).await;
        let ended = steer(&org, &run, "terminate", body).await;
        assert_eq!((ended.status, &ended.body["success"]), (200, &json!(true)), "{ended}");
        let row = org.execution(&run).await;
        assert_eq!((&row["status"], &row["error_message"]), (&json!("cancelled"), &json!(reason)));
        let again = steer(&org, &run, "terminate", json!({})).await;
        assert_eq!(again.status, 400, "{again}");
    }
}

#[plane_test]
async fn a_message_is_a_signal() {
    let org = Plane::shared().organization().await;
    let run = waiting(&org).await;
    let body = json!({"signal_name": "add_message", "args": [{"role": "user", "content": "And?"}]});
    let told = steer(&org, &run, "signal", body).await;
    assert_eq!(told.status, 200, "{told}");
    let session = org.get(&format!("/api/v1/executions/{run}/session")).await;
    let messages = session.body["messages"].as_array().expect("messages").clone();
    let says = |args: Value| json!({"signal_name": "add_message", "args": args});
    let last = messages.last().expect("a message");
    assert_eq!((&last["content"], &last["message_id"]), (&json!("And?"), &told.body["message_id"]));
    for (body, at) in [
        (json!({"signal_name": "explode", "args": "x"}), "body.signal_name"),
        (json!({"signal_name": "add_message"}), "body.args"),
        (json!({"signal_name": "add_message", "args": " "}), "body.args"),
        (json!({"args": "x"}), "body.signal_name"),
        (says(json!({"role": "assistant", "content": "Yes"})), "body.args.role"),
        (says(json!([{"role": "system", "content": "Yes"}])), "body.args.0.role"),
        (says(json!({"role": 7, "content": "Yes"})), "body.args.role"),
    ] {
        let reply = steer(&org, &run, "signal", body.clone()).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{body}: {reply}");
    }
    let session = org.get(&format!("/api/v1/executions/{run}/session")).await;
    assert_eq!(session.body["messages"], json!(messages), "nothing of it is said");
}

#[plane_test]
async fn that_a_run_is_done_is_a_signal_too() {
    let org = Plane::shared().organization().await;
    let run = waiting(&org).await;
    for body in [
        json!({"signal_name": "mark_as_done"}),
        json!({"signal_name": "mark_as_done", "args": [{"role": "assistant"}]}),
    ] {
        let told = steer(&org, &run, "signal", body).await;
        let expected = json!({
            "success": true, "workflow_id": format!("agent-execution-{run}"), "execution_id": run,
            "signal_name": "mark_as_done", "message_id": null,
        });
        assert_eq!((told.status, told.body), (200, expected));
    }
    let reply = org.say(&run, "One more thing").await;
    assert_eq!(reply.status, 409, "{reply}");
    assert!(reply.text("detail").starts_with("Execution is marked as done; "), "{reply}");
    assert_eq!(org.cancel(&run).await.status, 200);
    let reply = steer(&org, &run, "signal", json!({"signal_name": "mark_as_done"})).await;
    assert_eq!(reply.status, 409, "{reply}");
}

#[plane_test]
async fn the_workflow_of_another_organization_is_not_there() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let run = waiting(&org).await;
    let before = org.execution(&run).await;
    for (how, body) in [
        ("cancel", json!({})),
        ("terminate", json!({"reason": "spite"})),
        ("signal", json!({"signal_name": "add_message", "args": "x"})),
        ("signal", json!({"signal_name": "mark_as_done"})),
    ] {
        let reply = steer(&other, &run, how, body).await;
        assert_eq!(reply.to_string(), r#"404 {"detail":"Workflow not found"}"#, "{how}");
    }
    let shown = other.get(&format!("{WORKFLOWS}/agent-execution-{run}")).await;
    assert_eq!(shown.status, 404);
    assert_eq!(other.get(WORKFLOWS).await.body["workflows"], json!([]));
    assert_eq!(other.get(&format!("{WORKFLOWS}/stats")).await.body["total"], 0);
    assert_eq!(org.execution(&run).await, before, "nothing has happened");
}
