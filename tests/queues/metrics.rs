//! Counting what a queue does.

use serde_json::{Value, json};

use super::QUEUES;
use crate::harness::{ForeignWorker, Organization, Plane};
use crate::workers::ByHand;

async fn metrics(org: &Organization, queue: &str) -> Value {
    let reply = org.get(&format!("{QUEUES}/{queue}/metrics")).await;
    assert_eq!(reply.status, 200, "{reply}");
    reply.body
}

/// These counts, in this order: workers active, idle, busy, total, pollers; runs pending, backlog,
/// processed, failed.
fn counts(metrics: &Value) -> [u64; 9] {
    [
        "active_workers",
        "idle_workers",
        "busy_workers",
        "total_workers",
        "task_queue_pollers",
        "tasks_pending",
        "task_queue_backlog",
        "tasks_processed_24h",
        "tasks_failed_24h",
    ]
    .map(|field| metrics[field].as_u64().unwrap_or_else(|| panic!("{field} in {metrics}")))
}

#[plane_test]
async fn runs_and_workers_are_counted_as_they_are() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let agent = org.agent("instant").await;
    let empty = metrics(&org, &queue).await;
    assert_eq!(
        empty,
        json!({
            "queue_id": queue, "active_workers": 0, "idle_workers": 0, "busy_workers": 0,
            "total_workers": 0, "tasks_processed_24h": 0, "tasks_failed_24h": 0,
            "tasks_pending": 0, "avg_task_duration_ms": 0.0, "error_rate_percent": 0.0,
            "last_error_at": null, "task_queue_backlog": 0, "task_queue_pollers": 0,
            "last_activity_at": null, "updated_at": empty["updated_at"],
        })
    );
    let mut runs = Vec::new();
    for _ in 0..4 {
        let body = json!({"prompt": "go", "worker_queue_id": queue});
        runs.push(org.execute(&agent, body).await);
    }
    // Of another queue.
    let other = json!({"prompt": "go", "worker_queue_id": org.queue_without_worker().await});
    org.execute(&agent, other).await;
    assert_eq!(counts(&metrics(&org, &queue).await), [0, 0, 0, 0, 0, 4, 4, 0, 0]);

    let worker = ByHand::register(&org, &[&queue]).await;
    let second = ByHand::register(&org, &[&queue]).await;
    assert_eq!(counts(&metrics(&org, &queue).await), [2, 2, 0, 2, 2, 4, 4, 0, 0]);
    let task = worker.task().await;
    assert_eq!(counts(&metrics(&org, &queue).await), [2, 1, 1, 2, 2, 3, 3, 0, 0]);
    worker.answer(&task, "Hi").await;
    let task = worker.task().await;
    let failed = json!({"result": "failed", "retry": "never", "message": "no"});
    let path = format!("/activities/{}/complete", task["id"].as_str().expect("an id"));
    let failed = worker.post(&path, json!({"attempt": task["attempt"], "outcome": failed})).await;
    assert_eq!(failed.status, 200, "{failed}");
    second.post("/disconnect", json!({})).await;
    let told = metrics(&org, &queue).await;
    assert_eq!(counts(&told), [1, 1, 0, 1, 1, 2, 2, 2, 1]);
    assert_eq!(told["error_rate_percent"], 50.0);
    assert!(told["avg_task_duration_ms"].as_f64().unwrap() > 0.0, "{told}");
    let mut ended = Vec::new();
    for run in &runs {
        let run = org.execution(run).await;
        if run["status"] == "failed" {
            assert_eq!(told["last_error_at"], run["completed_at"]);
        }
        ended.push(run["updated_at"].as_str().expect("an instant").to_owned());
    }
    assert_eq!(told["last_activity_at"], json!(ended.iter().max()));
}

#[plane_test]
async fn a_foreign_worker_is_busy_with_the_runs_that_it_says_it_runs() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let path = format!("/api/v1/workers/{}/heartbeat", worker.id);
    assert_eq!(org.post(&path, json!({})).await.status, 204);
    let queue = worker.queue.clone();
    super::until(&org, &format!("{QUEUES}/{queue}"), |reply| reply.body["active_workers"] == 1)
        .await;
    let run = worker.running(json!({"prompt": "go"})).await;
    assert_eq!(counts(&metrics(&org, &queue).await), [1, 0, 1, 1, 1, 0, 0, 0, 0]);
    worker.streams(&run, "m", "Hello").await;
    worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(counts(&metrics(&org, &queue).await), [1, 1, 0, 1, 1, 0, 0, 1, 0]);
}

#[plane_test(stores)]
async fn the_worker_inside_the_plane_counts() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let told = metrics(&org, &org.queue_id).await;
    assert_eq!(counts(&told), [1, 1, 0, 1, 1, 0, 0, 0, 0]);
    let nowhere = format!("{QUEUES}/00000000-0000-4000-8000-000000000000/metrics");
    assert_eq!(org.get(&nowhere).await.status, 404);
}
