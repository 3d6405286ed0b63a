//! A database that goes away while a plane works.

use futures_util::future::join_all;
use model_server::Reply;
use serde_json::json;

use crate::harness::{Database, Model, Plane};

#[tokio::test]
async fn what_was_acknowledged_while_connections_broke_is_there() {
    let plane = Plane::start_on(Database::make());
    let org = plane.organization().await;
    let agent = org.agent("nobody-asks").await;
    let queue = org.queue_without_worker().await;
    let path = format!("/api/v1/agents/{agent}/execute");
    let body = json!({"prompt": "go", "worker_queue_id": queue});
    let mut accepted = Vec::new();
    for round in 0..10 {
        let asking = join_all((0..20).map(|_| org.post(&path, body.clone())));
        let breaking = async {
            // In the middle of some round at least.
            tokio::task::yield_now().await;
            plane.database().change(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
        };
        let (replies, ()) = tokio::join!(asking, breaking);
        for reply in replies {
            match reply.status {
                200 | 201 => accepted.push(reply.text("execution_id")),
                503 => assert_eq!(reply.header("retry-after"), "1"),
                _ => panic!("round {round}: {reply}"),
            }
        }
    }
    assert!(accepted.len() > 20, "{} of 200 were accepted", accepted.len());
    for id in &accepted {
        assert_eq!(org.log(id).await.len(), 1, "{id}");
    }
}

#[tokio::test]
async fn it_goes_on_without_a_restart() {
    let plane = Plane::start_on(Database::make());
    let org = plane.organization().await;
    let model = Model::new([Reply::hang_until_released(), Reply::text("Here I am again.")]);
    let id = org.ask(&model, "go").await;
    model.arrived(1).await;
    plane.database().lock_out();
    let reply = org.get(&format!("/api/v1/executions/{id}")).await;
    assert_eq!(reply.status, 503, "{reply}");
    assert_eq!(plane.get("/api/health").await.status, 200);
    assert_eq!(plane.get("/api/ready").await.status, 503);
    plane.database().let_in();
    model.release();
    let run = org.finished(&id).await;
    assert_eq!(run["status"], "completed", "{run}");
    org.log(&id).await;
}
