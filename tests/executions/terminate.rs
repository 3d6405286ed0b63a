//! Ending a run with a reason.

use model_server::{Ending, Reply};
use serde_json::json;

use crate::harness::{Model, Plane};

#[plane_test]
async fn a_run_ends_with_the_reason_by_its_id_and_by_its_workflow_id() {
    let org = Plane::shared().organization().await;
    for prefix in ["", "agent-execution-"] {
        let model = Model::new([Reply::hang_until_released()]);
        let id = org.ask(&model, "go").await;
        let request = model.arrived(1).await.remove(0);
        let path = format!("/api/v1/executions/{prefix}{id}/terminate");
        let reply = org.post(&path, json!({"reason": "it costs too much"})).await;
        assert_eq!(reply.status, 200, "{reply}");
        assert_eq!(reply.body["success"], true);
        assert_eq!(reply.body["workflow_id"], format!("agent-execution-{id}"));
        assert!(reply.body["terminated_at"].is_string());
        assert_eq!(request.ended().await, Ending::Disconnected);
        let run = org.execution(&id).await;
        assert_eq!(run["status"], "cancelled");
        assert_eq!(run["error_message"], "Terminated: it costs too much");
    }
}

#[plane_test]
async fn a_run_that_is_over_cannot_be_ended_again() {
    let org = Plane::shared().organization().await;
    let id = org.ask(&Model::new([Reply::text("ok")]), "go").await;
    let before = org.finished(&id).await;
    let path = format!("/api/v1/executions/{id}/terminate");
    let reply = org.post(&path, json!({"reason": "late"})).await;
    let expected = r#"400 {"detail":"Cannot terminate workflow in status: completed"}"#;
    assert_eq!(reply.to_string(), expected);
    assert_eq!(org.execution(&id).await, before);
}

#[plane_test]
async fn a_reason_has_between_1_and_500_characters() {
    let org = Plane::shared().organization().await;
    let agent = org.agent(&Model::new([]).name).await;
    let queue = org.queue_without_worker().await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let path = format!("/api/v1/executions/{id}/terminate");
    for body in [
        json!({}),
        json!({"reason": ""}),
        json!({"reason": "x".repeat(501)}),
        json!({"reason": 7}),
        json!({"reason": null}),
    ] {
        let reply = org.post(&path, body).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (422, vec!["body.reason".to_owned()]),
            "{reply}"
        );
    }
    assert_eq!(org.execution(&id).await["status"], "pending");
    let reply = org.post(&path, json!({"reason": "ü".repeat(500)})).await;
    assert_eq!(reply.status, 200, "{reply}");
}
