//! Listing the workflows of a queue.

use serde_json::json;

use super::QUEUES;
use crate::harness::Plane;
use crate::workers::ByHand;

#[plane_test]
async fn each_run_of_the_queue_has_one() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let path = format!("{QUEUES}/{queue}/workflows");
    let agent = org.agent("instant").await;
    let ask = json!({"prompt": "go", "worker_queue_id": queue});
    let (done, waits) =
        (org.execute(&agent, ask.clone()).await, org.execute(&agent, ask.clone()).await);
    let cancelled = org.execute(&agent, ask).await;
    org.cancel(&cancelled).await;
    let worker = ByHand::register(&org, &[&queue]).await;
    let task = worker.task().await;
    worker.answer(&task, "Hi").await;
    let run = org.finished(&done).await;
    let listed = org.get(&path).await;
    assert_eq!(listed.status, 200, "{listed}");
    let all = [&cancelled, &waits, &done];
    let ids = listed.body["workflows"].as_array().expect("a list").clone();
    assert_eq!(
        ids.iter().map(|one| one["execution_id"].as_str().unwrap()).collect::<Vec<_>>(),
        all
    );
    assert_eq!(
        ids[2],
        json!({
            "workflow_id": format!("agent-execution-{done}"), "run_id": done, "task_queue": queue,
            "worker_id": null, "status": "completed", "execution_id": done,
            "started_at": run["started_at"], "close_time": run["completed_at"],
            "workflow_type": "agent-execution-workflow", "attempt": 1, "history_length": 0,
        })
    );
    let count = |field: &str| listed.body[field].clone();
    assert_eq!(
        ["total", "pending_count", "running_count", "completed_count", "failed_count"].map(count),
        [json!(3), json!(1), json!(0), json!(1), json!(0)]
    );
    for (query, found) in [
        ("?limit=1", vec![&cancelled]),
        ("?status_filter=COMPLETED", vec![&done]),
        ("?status_filter=failed", vec![]),
    ] {
        let some = org.get(&format!("{path}{query}")).await;
        let ids = some.body["workflows"].as_array().expect("a list");
        let ids: Vec<_> = ids.iter().map(|one| one["execution_id"].as_str().unwrap()).collect();
        assert_eq!(
            (ids, &some.body["total"]),
            (found.iter().map(|id| id.as_str()).collect(), &json!(found.len())),
            "{query}"
        );
    }
}

#[plane_test]
async fn a_bad_query_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let path = format!("{QUEUES}/{}/workflows", org.queue_without_worker().await);
    for (query, at) in [
        ("limit=0", "query.limit"),
        ("limit=501", "query.limit"),
        ("limit=x", "query.limit"),
        ("status_filter=done", "query.status_filter"),
    ] {
        let reply = org.get(&format!("{path}?{query}")).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{query}: {reply}");
    }
    let nowhere = format!("{QUEUES}/00000000-0000-4000-8000-000000000000/workflows");
    assert_eq!(org.get(&nowhere).await.status, 404);
}
