//! Stopping a run: wherever it is, what it does ends.

use model_server::{Ending, Hang, Reply};
use serde_json::json;

use crate::harness::{Model, Organization, Plane, Workspace, shell};

/// The run after its stop, which is told once in its log.
async fn stopped(org: &Organization, id: &str) {
    let run = org.execution(id).await;
    assert_eq!(run["status"], "cancelled");
    assert_eq!(run["error_message"], "Cancelled by user");
    assert!(run["completed_at"].is_string());
    let log = org.log(id).await;
    let last: Vec<_> = log[log.len() - 3..].iter().map(|entry| &entry["event_type"]).collect();
    assert_eq!(last, ["message", "status", "done"]);
    let notice = &log[log.len() - 3]["data"];
    let content = notice["content"].as_str().expect("a text");
    assert!(content.starts_with("🛑 Execution stopped by "), "{content}");
    assert_eq!(notice["role"], "system");
}

#[plane_test]
async fn a_run_that_waits_for_a_worker_is_stopped() {
    let org = Plane::shared().organization().await;
    let agent = org.agent(&Model::new([]).name).await;
    let queue = org.queue_without_worker().await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let reply = org.cancel(&id).await;
    let expected = json!({
        "success": true, "execution_id": id, "workflow_id": format!("agent-execution-{id}"),
        "message": "Execution cancelled successfully",
    });
    assert_eq!((reply.status, reply.body), (200, expected));
    stopped(&org, &id).await;
}

#[plane_test]
async fn a_model_call_that_has_not_answered_is_dropped() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::hang_until_released()]);
    let id = org.ask(&model, "go").await;
    let request = model.arrived(1).await.remove(0);
    assert_eq!(org.cancel(&id).await.body["success"], true);
    assert_eq!(request.ended().await, Ending::Disconnected);
    stopped(&org, &id).await;
}

#[plane_test]
async fn a_model_call_in_the_middle_of_its_answer_is_dropped() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::chunks(["Once upon", " a time"]).hang(Hang::After(1))]);
    let id = org.ask(&model, "go").await;
    org.stream_until(&id, None, |frame| frame.event == "message_chunk").await;
    assert_eq!(org.cancel(&id).await.body["success"], true);
    assert_eq!(model.requests()[0].ended().await, Ending::Disconnected);
    stopped(&org, &id).await;
}

#[plane_test]
async fn a_tool_is_killed_with_all_that_it_has_started() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    // The second process would outlive the shell, and a group of its own keeps it from signals.
    let command = "exec 3> begun; setsid sleep 1000 & echo begun >&3; sleep 1000; echo on > on";
    let model = Model::new([shell(command).hang(Hang::Start)]);
    let id = org.ask(&model, "go").await;
    let workspace = Workspace::of(plane, &id);
    let mut begun = workspace.pipe("begun");
    model.release();
    assert_eq!(begun.hear().await, "begun");

    assert_eq!(org.cancel(&id).await.body["success"], true);
    begun.abandoned().await;
    assert_eq!(workspace.read("on"), "", "the shell did not go on");
    stopped(&org, &id).await;
    assert_eq!(model.requests().len(), 1, "no other turn begins");
}

#[plane_test]
async fn a_run_that_waits_for_another_try_is_stopped() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::status(429).header("retry-after", "3600")]);
    let id = org.ask(&model, "go").await;
    org.stream_until(&id, None, |frame| frame.event == "retry").await;
    assert_eq!(org.cancel(&id).await.body["success"], true);
    stopped(&org, &id).await;
}

#[plane_test]
async fn a_run_that_is_over_stays_as_it_is() {
    let org = Plane::shared().organization().await;
    let done = org.ask(&Model::new([Reply::text("ok")]), "go").await;
    let failed = org.ask(&Model::new([Reply::status(401)]), "go").await;
    for (id, status) in [(done, "completed"), (failed, "failed")] {
        let before = org.finished(&id).await;
        let log = org.log(&id).await;
        let reply = org.cancel(&id).await;
        let expected = json!({
            "success": false, "execution_id": id, "status": status,
            "error": format!("Execution is not running (status: {status})"),
        });
        assert_eq!((reply.status, reply.body), (200, expected));
        assert_eq!(org.execution(&id).await, before);
        assert_eq!(org.log(&id).await, log);
    }
}

#[plane_test]
async fn many_who_stop_one_run_stop_it_once() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::hang_until_released()]);
    let id = org.ask(&model, "go").await;
    model.arrived(1).await;
    let replies = futures_util::future::join_all((0..10).map(|_| org.cancel(&id))).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    assert!(replies.iter().any(|reply| reply.body["success"] == true), "{replies:?}");
    let ends = org.log(&id).await.into_iter().filter(|entry| entry["event_type"] == "done");
    assert_eq!(ends.count(), 1);
    stopped(&org, &id).await;
}

#[plane_test]
async fn nobody_stops_a_run_that_is_not_theirs() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let model = Model::new([Reply::hang_until_released()]);
    let id = org.ask(&model, "go").await;
    model.arrived(1).await;
    let reply = other.cancel(&id).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Execution not found"}"#);
    assert_eq!(org.execution(&id).await["status"], "running");
    model.release();
    assert_eq!(org.finished(&id).await["status"], "completed");
}
