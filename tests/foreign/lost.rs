//! Workers that go while they run something.

use serde_json::json;

use crate::harness::{ForeignWorker, Plane};

#[tokio::test]
async fn a_run_whose_worker_left_waits_and_goes_on_when_it_is_heard() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let other = ForeignWorker::start_on(&org, &worker.queue).await;
    let (left, kept) = (
        worker.running(json!({"prompt": "one"})).await,
        other.running(json!({"prompt": "two"})).await,
    );
    let path = format!("/api/v1/workers/{}/disconnect", worker.id);
    assert_eq!(org.post(&path, json!({})).await.status, 204);
    assert_eq!(org.execution(&left).await["status"], "queued");
    assert_eq!(org.execution(&kept).await["status"], "running");
    // Temporal gives its workflow to the other.
    other.streams(&left, "m", "Hello").await;
    assert_eq!(org.execution(&left).await["status"], "running");
    let reported = other.reports_turn(&left, 1, json!({})).await;
    assert_eq!(reported.body["status"], "completed", "{reported}");
}

#[tokio::test]
async fn a_plane_that_was_killed_knows_its_workers_and_their_runs() {
    let plane = Plane::configured("worker_temporal_address = \"127.0.0.1:9\"\n");
    let org = plane.organization().await;
    let worker = ForeignWorker::start_on(&org, &org.queue_id).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    worker.streams(&run, "m", "One").await;
    worker.streams(&run, "m", "two").await;
    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    let worker = worker.at(&org);
    let waits = worker.asked(json!({"prompt": "go"})).await;
    assert_eq!(org.execution(&run).await["status"], "running");
    worker.streams(&run, "m", "One two").await;
    let reported = worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(reported.body["status"], "completed", "{reported}");
    assert_eq!(org.execution(&run).await["response"], "One two");
    assert_eq!(worker.begins(&waits).await.body["status"], "running");
}
