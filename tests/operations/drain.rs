//! A plane that is told to stop, while whoever sends it requests has yet to notice.

use serde_json::json;
use tokio::task::spawn_blocking;

use crate::harness::Plane;

#[plane_test(stores)]
async fn it_says_that_it_stops_and_still_takes_requests() {
    let mut plane = Plane::configured("drain_seconds = 600");
    let org = plane.organization().await;
    let agent = org.agent("nobody-asks").await;
    assert_eq!(plane.get("/api/ready").await.status, 200);
    plane.signal("-TERM");
    let refused = loop {
        let ready = plane.get("/api/ready").await;
        if ready.status != 200 {
            break ready;
        }
    };
    assert_eq!(refused.to_string(), r#"503 {"detail":"The plane is shutting down"}"#);
    assert_eq!(plane.get("/api/health").await.status, 200);
    let path = format!("/api/v1/agents/{agent}/execute");
    let accepted = org.post(&path, json!({"prompt": "go"})).await;
    assert_eq!((accepted.status, accepted.header("connection")), (200, "close"), "{accepted}");

    // A second one ends it at once.
    let (status, plane) = spawn_blocking(move || (plane.terminate(), plane)).await.expect("an end");
    assert_eq!(status.code(), Some(130));
    let plane = plane.kill_and_restart();
    org.at(&plane).execution(&accepted.text("execution_id")).await;
}
