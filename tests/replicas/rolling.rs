//! All replicas are started anew, one after the other, while work comes in.

use std::sync::atomic::{AtomicBool, Ordering};

use model_server::Hang;
use reqwest::Method;
use serde_json::{Value, json};

use super::follow;
use crate::harness::{Model, Organization, Replicas, Reply};

/// Triggers and waits for the end of it, until it is told to stop; the runs whose replica ended first.
async fn trigger(org: &Organization, job: &str, over: &AtomicBool) -> (usize, Vec<String>) {
    let (mut accepted, mut open) = (0, Vec::new());
    while !over.load(Ordering::SeqCst) {
        let request = org.request(Method::POST, &format!("/api/v1/jobs/{job}/trigger"));
        let reply = Reply::read(request.header("Prefer", "wait=60").json(&json!({}))).await;
        assert_eq!(reply.status, 200, "{reply}");
        accepted += 1;
        match &reply.body["execution"] {
            Value::Null => open.push(reply.text("execution_id")),
            run => assert_eq!(run["status"], "completed", "{reply}"),
        }
    }
    (accepted, open)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_and_streams_go_on() {
    let mut replicas = Replicas::start(3).await;
    let org = replicas.organization().await;
    let job = org.job(&org.agent("drover/offline").await, "hello").await;
    let hanging = model_server::Reply::chunks(["I am", " here."]).hang(Hang::After(1));
    // Asked again by the next replica each time that one ends.
    let model = Model::new([hanging.clone(), hanging.clone(), hanging.clone(), hanging]);
    let watched = org.ask(&model, "go").await;
    model.arrived(1).await;

    let over = AtomicBool::new(false);
    let restarting = async {
        for place in 0..replicas.planes.len() {
            replicas.restart(place).await;
        }
        over.store(true, Ordering::SeqCst);
        model.release();
    };
    let ((accepted, open), frames, ()) =
        tokio::join!(trigger(&org, &job, &over), follow(&org, &watched), restarting);
    assert!(accepted > 0);
    for id in &open {
        assert_eq!(org.finished(id).await["status"], "completed");
    }
    let log = org.log(&watched).await;
    assert_eq!(frames.len(), log.len());
    assert_eq!(org.execution(&watched).await["response"], "I am here.");
}
