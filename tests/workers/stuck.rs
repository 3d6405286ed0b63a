//! Workers that are heard and say nothing of what they run.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{ByHand, workers_of};
use crate::harness::{ForeignWorker, Organization, Plane, unique};

/// A plane on which a second of silence is long, and which foreign workers may come to.
fn plane() -> Plane {
    Plane::configured("stuck_after_seconds = 1\nworker_temporal_address = \"127.0.0.1:9\"\n")
}

/// A run on a queue that has so many seconds.
async fn limited(org: &Organization, queue: &str, seconds: u32) -> String {
    let body = json!({
        "name": unique("agent"), "configuration": {"limits": {"max_seconds": seconds}},
    });
    let agent = org.create("/api/v1/agents", body).await;
    org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await
}

/// Waits until the only worker of a queue has this status.
async fn is(org: &Organization, queue: &str, status: &str) {
    let asking = async {
        while workers_of(org, queue).await.first().is_none_or(|one| one["status"] != status) {}
    };
    timeout(Duration::from_secs(30), asking).await.unwrap_or_else(|_| panic!("never {status}"));
}

async fn status(org: &Organization, queue: &str) -> Value {
    workers_of(org, queue).await[0]["status"].clone()
}

/// Waits until the metrics tell of so many runs that are stuck now.
async fn stuck_now(plane: &Plane, runs: u32) {
    let line = format!("drover_runs_stuck {runs}");
    let is_told = |text: &str| text.lines().any(|told| told == line);
    let asking =
        async { while !is_told(plane.get("/metrics").await.body.as_str().expect("a text")) {} };
    timeout(Duration::from_secs(30), asking).await.unwrap_or_else(|_| panic!("never `{line}`"));
}

/// Lines of the plane's log that tell of a run that is stuck.
fn told(plane: &Plane, run: &str) -> usize {
    let log = plane.log();
    log.lines().filter(|line| line.contains("says nothing") && line.contains(run)).count()
}

#[plane_test(stores)]
async fn one_of_ours_is_shown_as_stuck_and_its_run_ends_by_its_limit_and_says_why() {
    let plane = plane();
    let org = plane.organization().await;
    let queue = org.queue_without_worker().await;
    let worker = ByHand::register(&org, &[&queue]).await;
    let run = limited(&org, &queue, 8).await;
    let task = worker.task().await;
    let renew = json!({"activities": [task["id"]], "wait_seconds": 0});
    assert_eq!(worker.post("/renew", renew.clone()).await.body["stop"], json!([]));
    assert_eq!(status(&org, &queue).await, "busy");
    is(&org, &queue, "stuck").await;
    stuck_now(&plane, 1).await;
    assert_eq!(worker.progress(&task, 1, "Hel").await.status, 200);
    assert_eq!(status(&org, &queue).await, "busy", "it said something");
    is(&org, &queue, "stuck").await;
    // Its signs of life do not help.
    assert_eq!(worker.post("/renew", renew).await.body["stop"], json!([]));
    assert_eq!(status(&org, &queue).await, "stuck");
    let ended = org.finished(&run).await;
    assert_eq!(ended["status"], "failed");
    let reason = ended["error_message"].as_str().expect("a reason");
    let because = "Limit reached: max_seconds (8 s); its worker reported nothing for the last ";
    assert!(reason.starts_with(because), "{reason}");
    let renew = json!({"activities": [task["id"]], "wait_seconds": 10});
    assert_eq!(worker.post("/renew", renew).await.body["stop"], json!([task["id"]]));
    worker.post("/renew", json!({})).await;
    assert_eq!(status(&org, &queue).await, "idle");
    stuck_now(&plane, 0).await;
    let times = told(&plane, &run);
    assert!((1..=2).contains(&times), "once for each silence: {times}\n{}", plane.log());
    let metrics = plane.get("/metrics").await.body.as_str().expect("a text").to_owned();
    let total = format!("drover_runs_stuck_total {times}");
    assert!(metrics.lines().any(|line| line == total), "{metrics}");
}

#[plane_test(stores)]
async fn a_foreign_one_is_shown_as_stuck_until_it_is_heard_of_its_run() {
    let plane = plane();
    let org = plane.organization().await;
    let queue = org.queue_without_worker().await;
    let worker = ForeignWorker::start_on(&org, &queue).await;
    let beats = format!("/api/v1/workers/{}/heartbeat", worker.id);
    let run = limited(&org, &queue, 12).await;
    worker.begins(&run).await;
    is(&org, &queue, "stuck").await;
    assert_eq!(org.post(&beats, json!({"status": "active"})).await.status, 204);
    assert_eq!(status(&org, &queue).await, "stuck", "a sign of life says nothing of the run");
    worker.streams(&run, "m", "Hello").await;
    assert_eq!(status(&org, &queue).await, "active");
    is(&org, &queue, "stuck").await;
    let ended = org.finished(&run).await;
    assert_eq!(ended["status"], "failed");
    let reason = ended["error_message"].as_str().expect("a reason");
    assert!(reason.contains("its worker reported nothing for the last "), "{reason}");
    assert_eq!(status(&org, &queue).await, "active", "it has nothing any more");
    assert!(told(&plane, &run) >= 1, "{}", plane.log());
}
