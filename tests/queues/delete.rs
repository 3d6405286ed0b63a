//! Deleting a queue.

use serde_json::json;

use super::{QUEUES, of_environment};
use crate::harness::{ForeignWorker, Plane, unique};
use crate::workers::ByHand;

#[plane_test]
async fn it_is_gone_and_its_runs_stay() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let path = format!("{QUEUES}/{queue}");
    let worker = ByHand::register(&org, &[&queue]).await;
    let agent = org.agent("instant").await;
    let run = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let task = worker.task().await;
    worker.answer(&task, "Hi").await;
    org.finished(&run).await;
    let refused = org.delete(&path).await;
    assert_eq!(refused.status, 400, "{refused}");
    assert!(refused.text("detail").contains("has active workers (1)"), "{refused}");
    worker.post("/disconnect", json!({})).await;
    assert_eq!(org.delete(&path).await.to_string(), "204 \"\"");
    for after in [org.get(&path).await, org.delete(&path).await] {
        assert_eq!(after.to_string(), r#"404 {"detail":"Worker queue not found"}"#);
    }
    let kept = org.execution(&run).await;
    assert_eq!((&kept["response"], &kept["worker_queue_id"]), (&json!("Hi"), &json!(queue)));
    assert!(!org.get(QUEUES).await.to_string().contains(&queue));
    org.log(&run).await;
}

#[plane_test]
async fn the_default_queue_and_one_with_a_foreign_worker_stay() {
    let org = Plane::shared().organization().await;
    let environment = org.create("/api/v1/environments", json!({"name": "staging"})).await;
    let other = org.create(&of_environment(&environment), json!({"name": "default"})).await;
    for default in [&org.queue_id, &other] {
        let refused = org.delete(&format!("{QUEUES}/{default}")).await;
        let detail = "Worker queue `default` cannot be deleted";
        assert_eq!((refused.status, refused.text("detail").as_str()), (400, detail));
    }
    // Nor under another name: the plane serves it itself.
    let path = format!("{QUEUES}/{}", org.queue_id);
    assert_eq!(org.patch(&path, json!({"name": "main"})).await.status, 200);
    assert_eq!(org.delete(&path).await.status, 400);
    let worker = ForeignWorker::start(&org).await;
    assert_eq!(org.delete(&format!("{QUEUES}/{}", worker.queue)).await.status, 400);
}

#[plane_test]
async fn a_run_that_is_not_over_is_in_the_way() {
    let org = Plane::shared().organization().await;
    let queue = org.create(&of_environment(&org.environment_id), json!({"name": "gpu"})).await;
    let agent = org.agent("instant").await;
    let run = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let refused = org.delete(&format!("{QUEUES}/{queue}")).await;
    let detail = "Worker queue `gpu` has runs that are not over (1); cancel them, or let them end";
    assert_eq!((refused.status, refused.text("detail").as_str()), (409, detail));
    assert_eq!(org.execution(&run).await["status"], "pending");
    org.cancel(&run).await;
    assert_eq!(org.delete(&format!("{QUEUES}/{queue}")).await.status, 204);
}

#[plane_test]
async fn an_ephemeral_queue_takes_its_runs_with_it() {
    let org = Plane::shared().organization().await;
    let body = json!({"name": unique("local-exec")});
    let queue = org.create(&of_environment(&org.environment_id), body).await;
    let agent = org.agent("instant").await;
    let run = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let worker = ByHand::register(&org, &[&queue]).await;
    let task = worker.task().await;
    assert_eq!(org.delete(&format!("{QUEUES}/{queue}")).await.status, 400, "{task}");
    worker.post("/disconnect", json!({})).await;
    assert_eq!(org.delete(&format!("{QUEUES}/{queue}")).await.status, 204);
    let run = org.finished(&run).await;
    assert_eq!(run["status"], "cancelled");
    assert_eq!(run["error_message"], "Its worker queue was deleted");
}

#[plane_test]
async fn of_runs_that_come_at_the_same_time_none_waits_for_ever() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    for round in 0..6 {
        // Of an ephemeral queue the first run is there before the delete, which ends it; so there
        // is a run to look at whoever wins.
        let is_ephemeral = round % 2 == 0;
        let queue = json!({"name": unique("queue"), "ephemeral": is_ephemeral});
        let queue = org.create(&of_environment(&org.environment_id), queue).await;
        let body = json!({"prompt": "go", "worker_queue_id": queue});
        let mut runs = Vec::new();
        if is_ephemeral {
            runs.push(org.execute(&agent, body.clone()).await);
        }
        let path = format!("/api/v1/agents/{agent}/execute");
        let asked = (0..8).map(|_| org.post(&path, body.clone()));
        let its_path = format!("{QUEUES}/{queue}");
        let (asked, deleted) =
            tokio::join!(futures_util::future::join_all(asked), org.delete(&its_path));
        assert!([204, 409].contains(&deleted.status), "{deleted}");
        let accepted = asked.iter().filter(|reply| reply.status == 200);
        runs.extend(accepted.map(|reply| reply.text("execution_id")));
        assert!(deleted.status == 204 || !runs.is_empty(), "a run was in the way: {deleted}");
        for run in &runs {
            if deleted.status == 409 {
                org.cancel(run).await;
            }
            let over = org.finished(run).await;
            assert!(["failed", "cancelled"].contains(&over["status"].as_str().unwrap()), "{over}");
        }
        if is_ephemeral {
            assert_eq!(org.execution(&runs[0]).await["status"], "cancelled");
        }
    }
}
