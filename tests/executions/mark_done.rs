//! Saying that a run is done.

use model_server::Reply;
use serde_json::{Value, json};

use crate::harness::{ForeignWorker, Model, Organization, Plane, Reply as Answer, names, shell};

async fn mark_done(org: &Organization, id: &str) -> Answer {
    org.post(&format!("/api/v1/executions/{id}/mark-done"), json!({})).await
}

fn assert_marked(reply: &Answer, id: &str) {
    let expected = json!({
        "success": true, "execution_id": id,
        "message": "Execution marked as done, workflow will complete",
    });
    assert_eq!((reply.status, &reply.body), (202, &expected));
}

async fn talk(org: &Organization, model: &Model) -> String {
    let agent = org.agent(&model.name).await;
    let body = json!({"prompt": "Hello.", "execution_metadata": {"interactive": true}});
    org.execute(&agent, body).await
}

#[plane_test]
async fn one_that_waits_completes_with_its_last_answer() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("Hello!")]);
    let id = talk(&org, &model).await;
    let last = org.waits_for_input(&id, None).await;
    assert_marked(&mark_done(&org, &id).await, &id);
    let run = org.execution(&id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("Hello!")));
    assert!(run["completed_at"].is_string());
    let frames = org.stream(&id, Some(&last)).await;
    let entries: Vec<_> = frames.into_iter().filter(|frame| !frame.id.is_empty()).collect();
    assert_eq!(names(&entries), ["status", "done"]);
    assert_eq!(entries[0].data["status"], "completed");
    assert_eq!(entries[1].data["response"], "Hello!");
    // Once more is the same; nothing more is said.
    let log = org.log(&id).await;
    assert_marked(&mark_done(&org, &id).await, &id);
    assert_eq!(org.log(&id).await, log);
    assert_eq!(org.execution(&id).await, run);
    assert_eq!(org.say(&id, "Are you there?").await.status, 409);
}

#[plane_test]
async fn said_twice_at_once_it_is_said_once() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    let model = Model::new([Reply::text("Hello!")]);
    let id = talk(&org, &model).await;
    org.waits_for_input(&id, None).await;
    let (one, other) = tokio::join!(mark_done(&org, &id), mark_done(&org, &id));
    for reply in [one, other] {
        assert_marked(&reply, &id);
    }
    assert_eq!(org.execution(&id).await["response"], "Hello!");
    let log = org.log(&id).await;
    assert_eq!(log.iter().filter(|entry| entry["event_type"] == "done").count(), 1);
    let audited = format!(
        "SELECT count(*) FROM audit_log \
         WHERE action = 'executions.mark_done' AND target_id = '{id}'"
    );
    assert_eq!(plane.ask(&audited), "1");
}

#[plane_test]
async fn one_that_has_said_nothing_does_not_complete_with_what_its_parent_said() {
    let org = Plane::shared().organization().await;
    let parent = org.ask(&Model::new([Reply::text("Said before.")]), "Hello.").await;
    assert_eq!(org.finished(&parent).await["response"], "Said before.");
    let worker = ForeignWorker::start(&org).await;
    let body = json!({
        "prompt": "And now?", "parent_execution_id": parent,
        "execution_metadata": {"interactive": true},
    });
    let id = worker.running(body).await;
    // As an older workflow says it after a turn in which nothing was said.
    let said = worker.says(&id, json!({"status": "waiting_for_input"})).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("waiting_for_input")), "{said}");
    assert_marked(&mark_done(&org, &id).await, &id);
    let run = org.execution(&id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &Value::Null));
}

#[plane_test]
async fn one_that_runs_completes_after_its_turn_with_its_tools() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::hang_until_released()]);
    model.change([shell("echo made").hang(model_server::Hang::Start), Reply::text("Made.")]);
    let id = talk(&org, &model).await;
    model.arrived(1).await;
    for _ in 0..2 {
        assert_marked(&mark_done(&org, &id).await, &id);
    }
    assert_eq!(org.execution(&id).await["status"], "running");
    let reply = org.say(&id, "One more thing").await;
    let text = format!(
        "Execution is marked as done; start a new one with `parent_execution_id` {id} to continue \
         its conversation"
    );
    assert_eq!((reply.status, &reply.body["detail"]), (409, &json!(text)), "it is not answered");
    model.release();
    let run = org.finished(&id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("Made.")));
    let log = org.log(&id).await;
    let statuses = log.iter().filter(|entry| entry["event_type"] == "status");
    let statuses: Vec<_> = statuses.map(|entry| &entry["data"]["status"]).collect();
    assert_eq!(statuses, ["running", "completed"], "it has not waited");
}

#[plane_test]
async fn one_that_nobody_has_begun_says_so_still_and_can_be_stopped() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    let queue = org.queue_without_worker().await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    assert_marked(&mark_done(&org, &id).await, &id);
    assert_eq!(org.execution(&id).await["status"], "pending");
    assert_eq!(org.cancel(&id).await.body["success"], true);
    let log = org.log(&id).await;
    let reply = mark_done(&org, &id).await;
    assert_eq!(reply.status, 409, "{reply}");
    assert!(reply.text("detail").starts_with("Execution is cancelled; "), "{reply}");
    assert_eq!(org.execution(&id).await["status"], "cancelled", "an end stays");
    assert_eq!(org.log(&id).await, log);
}

#[plane_test]
async fn one_that_is_not_there_is_told_as_such() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let agent = org.agent("instant").await;
    let queue = org.queue_without_worker().await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let before: Vec<Value> = org.log(&id).await;
    let reply = mark_done(&other, &id).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Execution not found"}"#);
    let reply = mark_done(&org, "nowhere").await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["path.execution_id".to_owned()]));
    assert_eq!(org.log(&id).await, before);
}
