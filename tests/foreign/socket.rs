//! A worker's WebSocket.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::harness::{ForeignWorker, Organization, Plane};

/// An open connection.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.expect("a connection");
    }

    pub async fn next(&mut self) -> Value {
        loop {
            match self.0.next().await.expect("a frame").expect("a connection") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Connects as a worker does; the status of the refusal if it is refused.
pub async fn connect(org: &Organization, key: &str, worker: &str) -> Result<Socket, u16> {
    let url = org.url.replacen("http", "ws", 1);
    let url = format!("{url}/api/v1/ws/workers/{worker}");
    let mut request = url.into_client_request().expect("a request");
    let key = format!("Bearer {key}").parse().expect("a header");
    request.headers_mut().insert("Authorization", key);
    match connect_async(request).await {
        Ok((socket, _)) => Ok(Socket(socket)),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[plane_test]
async fn events_and_signs_of_life_go_over_one_connection() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let mut socket = connect(&org, &org.key, &worker.id).await.expect("a connection");
    let connected = socket.next().await;
    assert_eq!(connected["message_type"], "connected");
    assert_eq!(connected["worker_id"], json!(worker.id));
    let event = |kind: &str, data: Value| {
        json!({
            "message_type": "event", "worker_id": worker.id, "execution_id": run,
            "event_type": kind, "data": data, "timestamp": "2026-01-31T12:00:00",
        })
    };
    for piece in ["One ", "two ", "three", "One two three"] {
        let data = json!({"role": "assistant", "content": piece, "message_id": "m"});
        socket.send(event("message_chunk", data)).await;
    }
    // What is wrong is told, and the connection stays.
    socket.send(event("done", json!({}))).await;
    assert_eq!(socket.next().await["type"], "error");
    socket.send(json!({"message_type": "event", "execution_id": run})).await;
    let told = socket.next().await;
    assert!(told["error"].as_str().is_some_and(|text| text.contains("event_type")), "{told}");
    socket.send(json!({"message_type": "pong", "timestamp": "x"})).await;
    socket
        .send(json!({"message_type": "heartbeat", "worker_id": worker.id, "timestamp": "x"}))
        .await;
    // Frames are taken in their order: with this answer all before it is stored.
    assert_eq!(socket.next().await["message_type"], "pong");
    worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(org.execution(&run).await["response"], "One two three");
    socket.send(event("message_chunk", json!({"content": "x", "message_id": "n"}))).await;
    let over = "Execution is over; its log takes no more events";
    assert_eq!(socket.next().await, json!({"type": "error", "error": over}));
}

#[plane_test]
async fn only_a_worker_of_the_organization_is_let_in() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let worker = ForeignWorker::start(&org).await;
    let refused = async |key: &str, worker: &str| connect(&org, key, worker).await.err();
    assert_eq!(refused("letmein", &worker.id).await, Some(401));
    assert_eq!(refused(&other.key, &worker.id).await, Some(404));
    assert_eq!(refused(&org.with_role("viewer").await.key, &worker.id).await, Some(403));
    assert_eq!(refused(&org.key, "00000000-0000-4000-8000-000000000000").await, Some(404));
    assert_eq!(refused(&org.key, "me").await, Some(422));
    let key = org.with_role("worker").await.key;
    assert_eq!(refused(&key, &worker.id).await, None);
    // A run of another organization is not there, over this way neither.
    let run = worker.running(json!({"prompt": "go"})).await;
    let stranger = ForeignWorker::start(&other).await;
    let mut socket = connect(&other, &other.key, &stranger.id).await.expect("a connection");
    socket.next().await;
    let event = json!({
        "message_type": "event", "execution_id": run, "event_type": "message_chunk",
        "data": {"content": "x"},
    });
    socket.send(event).await;
    let expected = json!({"type": "error", "error": "Execution not found"});
    assert_eq!(socket.next().await, expected);
}

#[plane_test]
async fn a_worker_counts_with_its_connection_and_not_once_it_has_ended() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let path = format!("/api/v1/worker-queues/{}/workers", worker.queue);
    let mut socket = connect(&org, &org.key, &worker.id).await.expect("a connection");
    socket.next().await;
    assert_eq!(org.get(&path).await.body[0]["id"], json!(worker.id));
    // It ends without a word.
    drop(socket);
    while org.get(&path).await.body != json!([]) {}
    // Heard again, it is there again.
    let mut socket = connect(&org, &org.key, &worker.id).await.expect("a connection");
    socket.next().await;
    assert_eq!(org.get(&path).await.body[0]["id"], json!(worker.id));
}
