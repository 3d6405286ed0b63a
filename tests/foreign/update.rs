//! What a worker says of a run as a whole.

use serde_json::json;

use crate::harness::{ForeignWorker, Plane};

#[plane_test]
async fn a_cancelled_run_stays_cancelled_whatever_its_workflow_says() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    worker.streams(&run, "m", "Half").await;
    let cancelled = org.cancel(&run).await;
    assert_eq!(cancelled.body["success"], true, "{cancelled}");
    let log = org.log(&run).await;
    let late = json!({"status": "failed", "error_message": "Workflow error: Cancelled"});
    let reply = worker.says(&run, late).await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!("cancelled")), "{reply}");
    assert_eq!(reply.body["error_message"], "Cancelled by user");
    assert_eq!(worker.ends(&run, "COMPLETED", "HalfHalf").await.body["response"], json!(null));
    assert_eq!(worker.reports_turn(&run, 1, json!({})).await.body["status"], "cancelled");
    assert_eq!(org.log(&run).await, log, "its log has ended");
}

#[plane_test]
async fn a_run_that_was_cancelled_before_its_start_does_not_begin() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.asked(json!({"prompt": "go"})).await;
    org.cancel(&run).await;
    let reply = worker.begins(&run).await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!("cancelled")), "{reply}");
}

#[plane_test]
async fn words_are_taken_in_any_case_and_metadata_is_added_to() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let body = json!({"prompt": "go", "execution_metadata": {"ticket": "T-1"}});
    let run = worker.asked(body).await;
    let reply = worker.says(&run, json!({"status": "RUNNING"})).await;
    assert_eq!(reply.body["status"], "running", "{reply}");
    let reply = worker.says(&run, json!({"execution_metadata": {"step": 2}})).await;
    let metadata = &reply.body["execution_metadata"];
    assert_eq!((&metadata["ticket"], &metadata["step"]), (&json!("T-1"), &json!(2)), "{reply}");
    assert_eq!(metadata["worker_info"]["worker_id"], json!(worker.id));
    assert!(reply.body["started_at"].is_string());
    let reply = worker.ends(&run, "COMPLETED", "Done.").await;
    assert_eq!(reply.body["status"], "completed", "{reply}");
    assert_eq!(
        (&reply.body["response"], &reply.body["usage"]["total_tokens"]),
        (&json!("Done."), &json!(18))
    );
}

#[plane_test]
async fn a_body_that_is_wrong_is_refused_by_its_field() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.asked(json!({"prompt": "go"})).await;
    let path = format!("/api/v1/executions/{run}");
    for (body, field) in [
        (json!({"status": "done"}), "body.status"),
        (json!({"status": 7}), "body.status"),
        (json!({"usage": []}), "body.usage"),
        (json!({"execution_metadata": "x"}), "body.execution_metadata"),
        (json!({"response": "x".repeat(4 * 1024 * 1024 + 1)}), "body.response"),
        (json!({"error_message": {}}), "body.error_message"),
    ] {
        let reply = org.patch(&path, body).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{field}");
    }
    assert_eq!(org.execution(&run).await["status"], "pending");
    let nowhere = "/api/v1/executions/00000000-0000-4000-8000-000000000000";
    let reply = org.patch(nowhere, json!({"status": "running"})).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Execution not found"}"#);
}

#[plane_test]
async fn nobody_reports_on_the_run_of_another_organization() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let worker = ForeignWorker::start(&acme).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let stranger = ForeignWorker::start(&umbrella).await;
    let log = acme.log(&run).await;
    for reply in [
        stranger.ends(&run, "completed", "Mine now").await,
        stranger.reports_turn(&run, 1, json!({})).await,
        stranger.publishes(&run, "message_chunk", json!({"content": "x"})).await,
    ] {
        assert_eq!(reply.to_string(), r#"404 {"detail":"Execution not found"}"#);
    }
    assert_eq!(acme.log(&run).await, log);
    assert_eq!(acme.execution(&run).await["status"], "running");
}

#[plane_test(stores)]
async fn a_worker_of_ours_takes_nothing_of_a_queue_with_foreign_workers_alone() {
    let plane = Plane::configured("worker_temporal_address = \"127.0.0.1:9\"\n");
    let org = plane.organization().await;
    // The queue that the plane serves itself, until this worker is there.
    let worker = ForeignWorker::start_on(&org, &org.queue_id).await;
    let run = worker.asked(json!({"prompt": "go"})).await;
    let reply = worker.begins(&run).await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!("running")), "{reply}");
    let leave = json!({"reason": "shutdown", "exit_code": 0, "error_message": null});
    let path = format!("/api/v1/workers/{}/disconnect", worker.id);
    assert_eq!(org.post(&path, leave).await.status, 204);
    assert_eq!(org.execution(&run).await["status"], "queued");
    let next = org.execute(&org.agent("instant").await, json!({"prompt": "go"})).await;
    assert_eq!(org.finished(&next).await["status"], "completed");
}
