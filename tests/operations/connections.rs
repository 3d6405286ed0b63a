//! Connections that are open, as they are counted.

use serde_json::{Value, json};

use crate::foreign::socket::connect;
use crate::harness::{ForeignWorker, Organization, Plane};

const SOCKETS: &str = "/ws/stats";
const STREAMS: &str = "/ws/executions/status/stats";

async fn stats(org: &Organization, path: &str) -> Value {
    let reply = org.get(path).await;
    assert_eq!(reply.status, 200, "{reply}");
    reply.body
}

#[plane_test]
async fn a_workers_connection_counts_for_its_organization_alone() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let none = json!({
        "total_connections": 0, "active_connections": 0, "messages_sent": 0, "errors": 0,
    });
    assert_eq!(stats(&org, SOCKETS).await, none);
    let worker = ForeignWorker::start(&org).await;
    let mut socket = connect(&org, &org.key, &worker.id).await.expect("a connection");
    assert_eq!(socket.next().await["message_type"], "connected");
    socket.send(json!({"message_type": "ping"})).await;
    assert_eq!(socket.next().await["message_type"], "pong");
    socket.send(json!({"message_type": "event"})).await;
    assert_eq!(socket.next().await["type"], "error");
    let sent = |stats: &Value| stats["messages_sent"].as_u64();
    // What arrived here is counted a moment later there.
    while sent(&stats(&org, SOCKETS).await) < Some(3) {}
    let open = json!({
        "total_connections": 1, "active_connections": 1, "messages_sent": 3, "errors": 1,
    });
    assert_eq!(stats(&org, SOCKETS).await, open);
    assert_eq!(stats(&other, SOCKETS).await, none);
    drop(socket);
    while stats(&org, SOCKETS).await["active_connections"] != 0 {}
    assert_eq!(stats(&org, SOCKETS).await["total_connections"], 1);
}

#[plane_test]
async fn the_stream_of_a_run_counts_for_its_organization_alone() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let run = org.execute(&org.agent("instant").await, json!({"prompt": "Hello"})).await;
    let frames = org.stream(&run, None).await;
    while stats(&org, STREAMS).await["active_connections"] != 0 {}
    let told = stats(&org, STREAMS).await;
    assert_eq!(
        told,
        json!({
            "total_connections": 1, "active_connections": 0, "messages_sent": frames.len(),
            "errors": 0, "connections_by_org": {org.name.as_str(): 0},
        })
    );
    // One that waits stays open as long as somebody reads it.
    let queue = org.queue_without_worker().await;
    let ask = json!({"prompt": "Wait", "worker_queue_id": queue});
    let run = org.execute(&org.agent("instant").await, ask).await;
    let request = org.request(reqwest::Method::GET, &format!("/api/v1/executions/{run}/stream"));
    let mut reading = request.send().await.expect("an answer");
    reading.chunk().await.expect("a connection").expect("a frame");
    let told = stats(&org, STREAMS).await;
    assert_eq!(told["active_connections"], 1);
    assert_eq!(told["connections_by_org"], json!({org.name.as_str(): 1}));
    assert_eq!(stats(&other, STREAMS).await["total_connections"], 0);
    drop(reading);
    while stats(&org, STREAMS).await["active_connections"] != 0 {}
}
