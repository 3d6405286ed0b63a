//! `drover worker` behind the one address of several planes.

use model_server::{Ending, Reply};
use serde_json::json;

use super::until;
use crate::harness::{Model, Replicas, Worker, Workspace, shell};

// The relay works while the test waits for a process.
#[tokio::test(flavor = "multi_thread")]
async fn it_executes_what_any_of_them_accepts() {
    let replicas = Replicas::start(3).await;
    let org = replicas.organization().await;
    let queue = org.queue_without_worker().await;
    let worker = Worker::start(&org, &[&queue]);
    for plane in &replicas.planes {
        let model = Model::new([shell("echo here > here; cat here"), Reply::text("Done.")]);
        let accepting = org.at(plane);
        let agent = accepting.agent(&model.name).await;
        let body = json!({"prompt": "go", "worker_queue_id": queue});
        let id = accepting.execute(&agent, body).await;
        assert_eq!(org.finished(&id).await["response"], "Done.");
        assert_eq!(Workspace::at(&worker, &id).read("here"), "here\n");
        assert_eq!(org.log(&id).await.iter().filter(|entry| is_retry(entry)).count(), 0);
    }
}

fn is_retry(entry: &serde_json::Value) -> bool {
    entry["data"]["status"] == "queued" || entry["event_type"] == "retry"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_on_any_of_them_reaches_it() {
    let replicas = Replicas::start(3).await;
    let org = replicas.organization().await;
    let queue = org.queue_without_worker().await;
    let _worker = Worker::start(&org, &[&queue]);
    for plane in &replicas.planes {
        let model = Model::new([Reply::hang_until_released()]);
        let agent = org.agent(&model.name).await;
        let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
        let request = model.arrived(1).await.remove(0);
        assert_eq!(org.at(plane).cancel(&id).await.body["success"], true);
        assert_eq!(request.ended().await, Ending::Disconnected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_them_know_whether_a_queue_has_a_worker() {
    let replicas = Replicas::start(3).await;
    let org = replicas.organization().await;
    let queue = org.queue_without_worker().await;
    let model = Model::new([Reply::hang_until_released()]);
    let agent = org.agent(&model.name).await;
    let body = json!({"prompt": "go", "worker_queue_id": queue});
    let id = org.execute(&agent, body.clone()).await;
    let path = format!("/api/v1/executions/{id}");
    let waits = |for_what: &'static str| {
        move |reply: &crate::harness::Reply| {
            reply.body["waiting_for"].as_str().is_some_and(|text| text.contains(for_what))
        }
    };
    for plane in &replicas.planes {
        until(&org.at(plane), &path, waits("none is connected")).await;
    }
    let mut worker = Worker::start_with(&org, &[&queue], &["--drain-seconds", "0"]);
    model.arrived(1).await;
    for plane in &replicas.planes {
        until(&org.at(plane), &path, |reply| reply.body["status"] == "running").await;
    }
    worker.terminate();
    assert!(tokio::task::spawn_blocking(move || worker.ended()).await.expect("an end").success());
    for plane in &replicas.planes {
        until(&org.at(plane), &path, waits("none is connected")).await;
    }
}
