//! Temporal is not there.

use model_server::Reply;
use serde_json::json;

use crate::harness::{Model, Plane, Relay, Worker, temporal_server};

// The relay works while the test waits for a process.
#[plane_test(stores)]
async fn what_is_accepted_meanwhile_starts_once_it_is_back() {
    let relay = Relay::to(&temporal_server()).await;
    relay.cut();
    let plane = Plane::start_with(&["--temporal-address", &relay.url]);
    let org = plane.organization().await;
    let model = Model::new([Reply::text("one"), Reply::text("two"), Reply::text("three")]);
    let agent = org.agent(&model.name).await;
    let first = org.execute(&agent, json!({"prompt": "go"})).await;
    let ready = plane.get("/api/ready").await;
    assert_eq!(ready.status, 200, "{ready}: it accepts");
    assert!(ready.text("temporal").contains("does not answer"), "{ready}");
    assert_eq!(org.execution(&first).await["status"], "pending");
    let waiting_for = org.execution(&first).await["waiting_for"].clone();
    assert!(waiting_for.as_str().is_some_and(|text| text.contains("none is connected")));

    relay.lead_to(&temporal_server());
    let _worker = Worker::start(&org, &[&org.queue_id]);
    assert_eq!(org.finished(&first).await["status"], "completed");
    assert_eq!(plane.get("/api/ready").await.text("temporal"), "connected");

    // Once more, with connections that break. It is noticed with nobody asking for anything.
    relay.cut();
    let second = org.execute(&agent, json!({"prompt": "go"})).await;
    told(&plane, "does not answer").await;
    relay.lead_to(&temporal_server());
    told(&plane, "connected").await;
    let third = org.execute(&agent, json!({"prompt": "go"})).await;
    for run in [second, third] {
        assert_eq!(org.finished(&run).await["status"], "completed");
    }
}

/// Waits until the plane says this of Temporal.
async fn told(plane: &Plane, what: &str) {
    loop {
        let ready = plane.get("/api/ready").await;
        assert_eq!(ready.status, 200, "{ready}: it accepts");
        if ready.text("temporal").contains(what) {
            return;
        }
        tokio::task::yield_now().await;
    }
}
