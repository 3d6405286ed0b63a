//! Deleting an environment.

use serde_json::json;

use super::ENVIRONMENTS;
use crate::harness::{Plane, unique};
use crate::workers::ByHand;

#[tokio::test]
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

#[tokio::test]
async fn the_default_environment_stays() {
    let org = Plane::shared().organization().await;
    let reply = org.delete(&format!("{ENVIRONMENTS}/{}", org.environment_id)).await;
    assert_eq!(reply.to_string(), r#"400 {"detail":"Cannot delete the default environment"}"#);
}

#[tokio::test]
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
