//! What is told wrongly is said in one line, and nothing is half registered.

use serde_json::json;

use crate::harness::program::Terminal;
use crate::harness::{Plane, temporal_server};

#[test]
fn a_key_that_would_go_without_tls() {
    let terminal = Terminal::new().with("DROVER_TEMPORAL_API_KEY", "the-key-itself");
    for command in [
        &["serve", "--temporal-address", "http://127.0.0.1:7233"][..],
        &["dev", "--temporal-address", "http://127.0.0.1:7233"],
    ] {
        let ended = terminal.run(command);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("a key is sent over TLS only"), "{ended:?}");
        assert!(!ended.stderr.contains("the-key-itself"), "{ended:?}");
    }
    for address in ["127.0.0.1:7233", "tcp://127.0.0.1:7233"] {
        let ended = Terminal::new().run(&["serve", "--temporal-address", address]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("should be like `http://host:7233`"), "{ended:?}");
    }
}

#[plane_test(stores)]
async fn a_key_that_a_worker_would_send_without_tls() {
    let plane = Plane::start_with(&["--temporal-address", &temporal_server()]);
    let org = plane.organization().await;
    let terminal = Terminal::of(&org).with("DROVER_TEMPORAL_API_KEY", "the-key-itself");
    let as_told = ["worker", "--queue", &org.queue_id, UNWALLED];
    let elsewhere = [&as_told[..], &["--temporal-address", "http://127.0.0.1:7233"]].concat();
    for command in [&as_told[..], &elsewhere[..]] {
        let ended = terminal.run(command);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.contains("a key is sent over TLS only"), "{ended:?}");
        assert!(!ended.stderr.contains("the-key-itself"), "{ended:?}");
    }
    let workers = org.get(&format!("/api/v1/worker-queues/{}/workers", org.queue_id)).await;
    assert_eq!(workers.body, json!([]), "none has stayed registered");
}

#[plane_test(stores)]
async fn a_namespace_that_is_not_there() {
    let flags = ["--temporal-address", &temporal_server(), "--temporal-namespace", "nowhere"];
    let plane = Plane::start_with(&flags);
    let org = plane.organization().await;
    let ended = Terminal::of(&org).run(&["worker", "--queue", &org.queue_id, UNWALLED]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("Temporal has no namespace `nowhere`"), "{ended:?}");
    let workers = org.get(&format!("/api/v1/worker-queues/{}/workers", org.queue_id)).await;
    assert_eq!(workers.body, json!([]), "it has not stayed registered");
    let ready = plane.get("/api/ready").await;
    assert!(ready.text("temporal").contains("no namespace `nowhere`"), "{ready}");
}

#[plane_test(stores)]
async fn temporal_where_the_plane_has_none() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let worker = ["worker", "--queue", &org.queue_id, "--plane", "temporal", UNWALLED];
    let ended = Terminal::of(&org).run(&worker);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("start the worker with `--plane http`"), "{ended:?}");
}

const UNWALLED: &str = "--allow-unwalled-tools";
