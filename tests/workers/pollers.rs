//! Task queues with the workers that poll them.

use serde_json::{Value, json};

use super::{ByHand, WORKERS};
use crate::harness::{Organization, Plane, unique};

async fn named_queue(org: &Organization) -> (String, String) {
    let name = unique("queue");
    let path = format!("/api/v1/environments/{}/worker-queues", org.environment_id);
    (org.create(&path, json!({"name": name})).await, name)
}

#[plane_test]
async fn a_task_queue_has_the_id_of_its_queue_and_tells_who_polls_it_and_what_waits() {
    let org = Plane::shared().organization().await;
    let (queue, name) = named_queue(&org).await;
    let agent = org.agent("instant").await;
    for _ in 0..2 {
        org.execute(&agent, json!({"prompt": "Wait", "worker_queue_id": queue})).await;
    }
    let expected = |workers: Value| {
        json!({
            "task_queue": queue, "organization_id": org.name, "runner_name": name,
            "worker_count": workers.as_array().map_or(0, Vec::len), "workers": workers,
            "approximate_backlog_count": 2,
        })
    };
    for called in [&name, &queue] {
        let shown = org.get(&format!("{WORKERS}/{called}")).await;
        assert_eq!((shown.status, &shown.body), (200, &expected(json!([]))));
    }
    let worker = ByHand::register(&org, &[&queue]).await;
    let shown = org.get(&format!("{WORKERS}/{name}")).await.body;
    let seen = shown["workers"][0]["last_access_time"].clone();
    assert!(seen.as_str().is_some_and(|at| at.ends_with('Z') || at.contains('+')), "{seen}");
    let polls = json!({"identity": worker.id, "last_access_time": seen, "rate_per_second": null});
    assert_eq!(shown, expected(json!([polls])));
    let listed = org.get(WORKERS).await;
    assert_eq!(listed.status, 200, "{listed}");
    assert!(listed.body.as_array().expect("a list").contains(&shown), "{listed}");
    assert_eq!(worker.post("/disconnect", json!({})).await.status, 204);
    assert_eq!(org.get(&format!("{WORKERS}/{name}")).await.body, expected(json!([])));
}

#[plane_test]
async fn a_task_queue_that_is_not_there_has_nobody() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let (theirs, _) = named_queue(&other).await;
    ByHand::register(&other, &[&theirs]).await;
    for name in ["nowhere", &theirs] {
        let shown = org.get(&format!("{WORKERS}/{name}")).await;
        let nobody = json!({
            "task_queue": name, "organization_id": org.name, "runner_name": name, "workers": [],
            "worker_count": 0, "approximate_backlog_count": 0,
        });
        assert_eq!((shown.status, shown.body), (200, nobody));
    }
}

#[plane_test(stores)]
async fn the_worker_inside_the_plane_polls_the_default_queue() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let shown = org.get(&format!("{WORKERS}/default")).await.body;
    let inside =
        json!([{"identity": "in-process", "last_access_time": null, "rate_per_second": null}]);
    assert_eq!((&shown["task_queue"], &shown["workers"]), (&json!(org.queue_id), &inside));
}

#[plane_test(stores)]
async fn the_worker_inside_the_plane_counts_nowhere_while_its_queue_is_left_to_others() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let counts = async || {
        let polls = org.get(&format!("{WORKERS}/default")).await.body;
        let shown = org.get(&format!("/api/v1/worker-queues/{}", org.queue_id)).await.body;
        let path = format!("/api/v1/worker-queues/{}/metrics", org.queue_id);
        let metrics = org.get(&path).await.body;
        let environment = org.get(&format!("/api/v1/task-queues/{}", org.environment_id)).await;
        let all = [
            &polls["worker_count"],
            &shown["active_workers"],
            &metrics["active_workers"],
            &metrics["total_workers"],
            &environment.body["active_workers"],
        ];
        (polls["workers"][0]["identity"].clone(), all.map(Value::clone))
    };
    let one: [Value; 5] = std::array::from_fn(|_| json!(1));
    assert_eq!(counts().await, (json!("in-process"), one.clone()));
    let worker = ByHand::register(&org, &[&org.queue_id]).await;
    assert_eq!(counts().await, (json!(worker.id), one.clone()));
    assert_eq!(worker.post("/disconnect", json!({})).await.status, 204);
    assert_eq!(counts().await, (json!("in-process"), one));
}
