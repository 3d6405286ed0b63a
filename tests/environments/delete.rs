//! Deleting an environment.

use drover_domain::workers::PROTOCOL;
use futures_util::future::join_all;
use serde_json::json;

use super::ENVIRONMENTS;
use crate::harness::{Plane, unique};
use crate::workers::ByHand;

#[plane_test]
async fn it_goes_with_its_queues_and_its_agents_stay() {
    let org = Plane::shared().organization().await;
    let id = org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
    let queues = format!("{ENVIRONMENTS}/{id}/worker-queues");
    let queue = org.create(&queues, json!({"name": "gpu"})).await;
    let skill = org.create("/api/v1/skills", json!({"name": "deploy", "type": "shell"})).await;
    let given = format!("/api/v1/skills/associations/environment/{id}/skills");
    assert_eq!(org.post(&given, json!({"skill_id": skill})).await.status, 201);
    let agent = json!({"name": unique("agent"), "environment_ids": [id]});
    let agent = org.create("/api/v1/agents", agent).await;
    let path = format!("{ENVIRONMENTS}/{id}");
    let deleted = org.delete(&path).await;
    assert_eq!(deleted.status, 204, "{deleted}");
    assert_eq!(org.get(&path).await.status, 404);
    assert_eq!(org.delete(&path).await.status, 404);
    assert_eq!(org.get(&format!("/api/v1/worker-queues/{queue}")).await.status, 404);
    let agent = org.get(&format!("/api/v1/agents/{agent}")).await;
    assert_eq!((agent.status, &agent.body["environments"]), (200, &json!([])));
    // The skill is held by nothing of it any more, and may go.
    assert_eq!(org.delete(&format!("/api/v1/skills/{skill}")).await.status, 204);
    // The name is free again.
    org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
}

#[plane_test]
async fn the_default_environment_stays() {
    let org = Plane::shared().organization().await;
    let reply = org.delete(&format!("{ENVIRONMENTS}/{}", org.environment_id)).await;
    assert_eq!(reply.to_string(), r#"400 {"detail":"Cannot delete the default environment"}"#);
}

#[plane_test]
async fn it_stays_while_a_worker_serves_it_or_a_run_waits_in_it() {
    let org = Plane::shared().organization().await;
    let id = org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
    let path = format!("{ENVIRONMENTS}/{id}");
    let queue = org.create(&format!("{path}/worker-queues"), json!({"name": "gpu"})).await;
    let run = json!({"prompt": "Wait", "worker_queue_id": queue});
    let run = org.execute(&org.agent("instant").await, run).await;
    let refused = async || {
        let reply = org.delete(&path).await;
        assert_eq!(reply.status, 400, "{reply}");
        reply.text("detail")
    };
    let runs = "Worker queue `gpu` has 1 executions that are not over; cancel them first";
    assert_eq!(refused().await, runs);
    assert_eq!(org.cancel(&run).await.status, 200);
    let worker = ByHand::register(&org, &[&queue]).await;
    let workers = "Worker queue `gpu` has 1 active workers; stop them first";
    assert_eq!(refused().await, workers);
    assert_eq!(worker.post("/disconnect", json!({})).await.status, 204);
    assert_eq!(org.delete(&path).await.status, 204);
    // What has run there is still told.
    let run = org.execution(&run).await;
    assert_eq!((&run["status"], &run["runner_name"]), (&json!("cancelled"), &json!("gpu")));
}

#[plane_test]
async fn of_workers_that_come_at_the_same_time_none_loses_its_queue() {
    let org = Plane::shared().organization().await;
    for _ in 0..8 {
        let id = org.create(ENVIRONMENTS, json!({"name": unique("env")})).await;
        let path = format!("{ENVIRONMENTS}/{id}");
        let queue = org.create(&format!("{path}/worker-queues"), json!({"name": "gpu"})).await;
        let body = json!({
            "queues": [queue], "protocol": PROTOCOL, "version": "0.0.0", "takes_from": "http",
        });
        let come = (0..4).map(|_| org.post("/api/v1/workers", body.clone()));
        let (come, deleted) = tokio::join!(join_all(come), org.delete(&path));
        let let_in = come.iter().filter(|reply| reply.status == 201).count();
        if deleted.status == 204 {
            assert_eq!(let_in, 0, "{come:?}");
            assert!(come.iter().all(|reply| [404, 409].contains(&reply.status)), "{come:?}");
        } else {
            assert!([400, 409].contains(&deleted.status), "{deleted}");
            assert!(let_in > 0, "{deleted} {come:?}");
        }
    }
}

#[plane_test]
async fn of_runs_that_come_at_the_same_time_none_waits_for_ever() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    for _ in 0..5 {
        let id = org.create(ENVIRONMENTS, json!({"name": unique("env")})).await;
        let path = format!("{ENVIRONMENTS}/{id}");
        let queue = org.create(&format!("{path}/worker-queues"), json!({"name": "gpu"})).await;
        let body = json!({"prompt": "go", "worker_queue_id": queue});
        let execute = format!("/api/v1/agents/{agent}/execute");
        let come = (0..4).map(|_| org.post(&execute, body.clone()));
        let (come, deleted) = tokio::join!(join_all(come), org.delete(&path));
        assert!([204, 400, 409].contains(&deleted.status), "{deleted}");
        for run in come.iter().filter(|reply| reply.status == 200) {
            let run = run.text("execution_id");
            if deleted.status != 204 {
                org.cancel(&run).await;
            }
            let over = org.finished(&run).await;
            assert!(["failed", "cancelled"].contains(&over["status"].as_str().unwrap()), "{over}");
        }
    }
}
