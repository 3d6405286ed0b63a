//! Letting workers in, and telling why not.

use std::net::SocketAddr;

use drover_domain::workers::PROTOCOL;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{ByHand, WORKERS, registration, workers_of};
use crate::harness::program::{Ended, Terminal};
use crate::harness::{Organization, Plane};

async fn queue_of(org: &Organization, fields: Value) -> String {
    let mut body = json!({"name": crate::harness::unique("queue")});
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("one").clone());
    let path = format!("/api/v1/environments/{}/worker-queues", org.environment_id);
    org.create(&path, body).await
}

#[plane_test]
async fn a_worker_is_shown_as_it_says_it_is() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let mut body = registration(&[&queue]);
    body["labels"] = json!({"gpu": "yes"});
    body["system_info"] = json!({"hostname": "h"});
    let made = org.post(WORKERS, body).await;
    assert_eq!(made.status, 201, "{made}");
    assert_eq!(made.body["lease_seconds"], 15);
    let listed = workers_of(&org, &queue).await.remove(0);
    let heard = &listed["last_heartbeat"];
    assert_eq!(
        listed,
        json!({
            "id": made.text("worker_id"), "worker_id": made.text("worker_id"), "queue_id": queue,
            "kind": "drover", "version": "0.0.0", "status": "idle", "tasks_processed": 0,
            "current_task_id": null, "last_heartbeat": heard, "last_seen": heard,
            "registered_at": listed["registered_at"], "created_at": listed["registered_at"],
            "system_info": {"hostname": "h"}, "logs": [],
            "worker_metadata": {"labels": {"gpu": "yes"}},
        })
    );
    let shown = org.get(&format!("/api/v1/worker-queues/{queue}")).await;
    assert_eq!(shown.body["active_workers"], 1);
}

#[plane_test]
async fn a_queue_has_at_most_so_many_workers() {
    let org = Plane::shared().organization().await;
    let full = queue_of(&org, json!({"name": "full", "max_workers": 1})).await;
    let free = org.queue_without_worker().await;
    let first = ByHand::register(&org, &[&full]).await;
    let second = org.post(WORKERS, registration(&[&free, &full])).await;
    let detail = "Worker queue `full` has 1 of at most 1 workers; stop one, or raise its \
                  `max_workers`";
    assert_eq!((second.status, second.text("detail").as_str()), (409, detail));
    assert_eq!(workers_of(&org, &free).await, [json!(null); 0], "all or nothing");
    assert_eq!(first.post("/disconnect", json!({})).await.status, 204);
    ByHand::register(&org, &[&full]).await;
}

#[plane_test]
async fn of_many_that_come_at_once_no_more_are_let_in() {
    let org = Plane::shared().organization().await;
    let queue = queue_of(&org, json!({"max_workers": 3})).await;
    let all = (0..12).map(|_| org.post(WORKERS, registration(&[&queue])));
    let replies = futures_util::future::join_all(all).await;
    let let_in = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(let_in, 3, "{replies:?}");
    assert!(replies.iter().all(|reply| [201, 409].contains(&reply.status)), "{replies:?}");
}

#[plane_test]
async fn a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let many: Vec<_> = (0..101).map(|_| queue.as_str()).collect();
    for (fields, at) in [
        (json!({"queues": []}), "body.queues"),
        (json!({"queues": many}), "body.queues"),
        (json!({"queues": ["gpu"]}), "body.queues.0"),
        (json!({"protocol": 0}), "body.protocol"),
        (json!({"protocol": PROTOCOL + 1}), "body.protocol"),
        (json!({"protocol": "1"}), "body.protocol"),
        (json!({"version": ""}), "body.version"),
        (json!({"labels": {"": "x"}}), "body.labels"),
        (json!({"labels": {"x": "y".repeat(256)}}), "body.labels.x"),
        (json!({"labels": []}), "body.labels"),
        (json!({"system_info": {"hostname": "y".repeat(5000)}}), "body.system_info.hostname"),
    ] {
        let mut body = registration(&[&queue]);
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let reply = org.post(WORKERS, body).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{fields}: {reply}");
    }
    assert_eq!(workers_of(&org, &queue).await, [json!(null); 0]);
    for (protocol, older) in [(PROTOCOL - 1, "the worker"), (PROTOCOL + 1, "the plane")] {
        let body = json!({"queues": [queue], "protocol": protocol, "version": "0.0.0"});
        let told = org.post(WORKERS, body).await.to_string();
        let why = format!("This plane speaks protocol {PROTOCOL}; update {older}");
        assert!(told.contains(&why), "{told}");
    }
}

/// Where a worker's start is heard as that of a worker of the protocol before; until the tasks are
/// dropped.
async fn heard_as_older(plane: &Plane) -> (String, JoinSet<()>) {
    let address = plane.url.strip_prefix("http://").expect("an HTTP URL");
    let address: SocketAddr = address.parse().expect("an address with a port");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let mut listening = JoinSet::new();
    listening.spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let mut plane = TcpStream::connect(address).await.expect("the plane");
            let request = made_older(&mut caller).await;
            plane.write_all(&request).await.expect("a plane that reads");
            // However it ends, both ends see it.
            let _ended = copy_bidirectional(&mut caller, &mut plane).await;
        }
    });
    (url, listening)
}

/// The beginning of a request, with the protocol before in the place of the one spoken here.
async fn made_older(caller: &mut TcpStream) -> Vec<u8> {
    let spoken = format!("\"protocol\":{PROTOCOL},");
    let older = format!("\"protocol\":{},", PROTOCOL - 1);
    assert_eq!(spoken.len(), older.len(), "the length of the body stands in its head");
    let mut request: Vec<u8> = Vec::new();
    loop {
        let read = caller.read_buf(&mut request).await.expect("a readable connection");
        assert_ne!(read, 0, "it says no protocol");
        let mut places = request.windows(spoken.len());
        if let Some(place) = places.position(|bytes| bytes == spoken.as_bytes()) {
            request[place..place + older.len()].copy_from_slice(older.as_bytes());
            return request;
        }
    }
}

// The stand-in works while the test waits for a process.
#[plane_test]
async fn the_program_is_told_to_be_updated_where_it_speaks_an_older_protocol() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    let queue = org.queue_without_worker().await;
    let (url, _listening) = heard_as_older(plane).await;
    let ended = Terminal::of(&org).with("DROVER_URL", &url).run(&["worker", "--queue", &queue]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
    let line = format!(
        "error: `protocol`: This plane speaks protocol {PROTOCOL}; update the worker (422)\n"
    );
    assert_eq!(ended.stderr, line);
    assert_eq!(workers_of(&org, &queue).await, [json!(null); 0]);
}

/// It ended with a line that has these words, and at most a hint below it.
fn assert_told(ended: &Ended, words: &[&str]) {
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(lines[0].starts_with("error: "), "{ended:?}");
    assert!(lines[1..].iter().all(|line| line.starts_with("hint: ")), "{ended:?}");
    assert!(lines.len() <= 2, "{ended:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "`{word}`: {ended:?}");
    }
}

#[plane_test]
async fn the_program_says_in_one_line_why_it_may_not_serve() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let full = queue_of(&org, json!({"name": "full", "max_workers": 1})).await;
    let _first = ByHand::register(&org, &[&full]).await;
    let theirs = other.queue_without_worker().await;
    let ours = org.queue_without_worker().await;
    let viewer = org.with_role("viewer").await;
    let terminal = Terminal::of(&org);
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let lists = "`GET /api/v1/worker-queues` lists those there are";
    for (queues, words) in [
        (vec![nowhere], [nowhere, lists]),
        (vec![theirs.as_str()], [theirs.as_str(), lists]),
        (vec![ours.as_str(), nowhere], [nowhere, lists]),
        (vec![full.as_str()], ["has 1 of at most 1 workers", "stop one"]),
    ] {
        let queues = queues.into_iter().flat_map(|queue| ["--queue", queue]);
        let arguments: Vec<_> = std::iter::once("worker").chain(queues).collect();
        let ended = terminal.run(&arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert_told(&ended, &words);
    }
    let ended = Terminal::of(&viewer).run(&["worker", "--queue", &ours]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_told(&ended, &["role `viewer` may not"]);
    let wrong = terminal.with("DROVER_API_KEY", "wrong").run(&["worker", "--queue", &ours]);
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    assert_told(&wrong, &["not valid here", "hint: set `DROVER_API_KEY` to a key of this plane"]);
    let away = Terminal::of(&org).with("DROVER_URL", "http://127.0.0.1:1");
    let away = away.run(&["worker", "--queue", &ours]);
    assert_eq!(away.code, Some(4), "{away:?}");
    assert_told(&away, &["no answer from `http://127.0.0.1:1`", "point `DROVER_URL` at a running"]);
    // What is wrong on the command line is told in the way of every command.
    let unreadable = Terminal::of(&org).run(&["worker", "--queue", "gpu"]);
    assert_eq!(unreadable.code, Some(2), "{unreadable:?}");
    assert!(unreadable.stderr.contains("not a valid worker queue id"), "{unreadable:?}");
    assert_eq!(Terminal::new().run(&["worker"]).code, Some(2));
    assert_eq!(workers_of(&org, &ours).await, [json!(null); 0], "nothing is half registered");
}

#[plane_test]
async fn a_worker_whose_key_is_revoked_ends_and_says_so() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let made = org.post("/api/v1/api-keys", json!({"name": "w", "role": "worker"})).await;
    let of_worker = org.with_key(&made.text("api_key"));
    let mut worker = crate::harness::Worker::start(&of_worker, &[&queue]);
    let revoked = org.delete(&format!("/api/v1/api-keys/{}", made.text("id"))).await;
    assert!([200, 204].contains(&revoked.status), "{revoked}");
    let (ended, worker) =
        tokio::task::spawn_blocking(move || (worker.ended(), worker)).await.expect("an end");
    assert_eq!(ended.code(), Some(3));
    worker.says("error: The API key is not valid here, has expired or was revoked (401)");
    worker.says("hint: set `DROVER_API_KEY` to a key of this plane");
}
