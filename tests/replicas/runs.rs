//! Runs that one replica accepts, another streams and a third one stops.

use drover_domain::executions::parse_event_id;
use model_server::{Ending, Hang, Reply};
use reqwest::Method;
use serde_json::json;

use crate::harness::{Frame, Model, Replicas, names};
use crate::workers::ByHand;

#[tokio::test]
async fn triggered_on_one_streamed_on_another_cancelled_on_a_third() {
    let replicas = Replicas::start(3).await;
    let org = replicas.organization().await;
    let [a, b, c] = [0, 1, 2].map(|place| org.at(&replicas.planes[place]));
    let model = Model::new([Reply::chunks(["I am", " talking"]).hang(Hang::After(1))]);
    let job = a.job(&a.agent(&model.name).await, "go").await;
    let id = a.trigger(&job, json!({})).await;
    let request = model.arrived(1).await.remove(0);
    b.stream_until(&id, None, |frame| frame.event == "message_chunk").await;

    let (frames, cancelled) = tokio::join!(b.stream(&id, None), c.cancel(&id));
    assert_eq!(cancelled.body["success"], true, "{cancelled}");
    assert_eq!(names(&frames).last(), Some(&"done"));
    assert_eq!(request.ended().await, Ending::Disconnected);
    for one in [&a, &b, &c] {
        assert_eq!(one.execution(&id).await["status"], "cancelled");
    }
}

#[tokio::test]
async fn a_stream_goes_on_elsewhere_and_gives_each_entry_once() {
    let replicas = Replicas::start(2).await;
    let org = replicas.organization().await;
    let [a, b] = [0, 1].map(|place| org.at(&replicas.planes[place]));
    let model = Model::new([
        Reply::chunks(["one", " two", " three"]).hang(Hang::After(1)),
        Reply::text("never asked for"),
    ]);
    let id = a.ask(&model, "go").await;
    let is_chunk = |frame: &Frame| frame.event == "message_chunk";
    let mut frames = a.stream_until(&id, None, is_chunk).await;
    let last = frames.last().expect("a chunk").id.clone();
    let released = async { model.release() };
    let (rest, ()) = tokio::join!(b.stream(&id, Some(&last)), released);
    frames.extend(rest);
    let told: Vec<_> = frames.iter().filter(|frame| !frame.id.is_empty()).collect();
    let log = org.log(&id).await;
    assert_eq!(told.len(), log.len(), "{frames:?}");
    for (place, frame) in told.iter().enumerate() {
        let seq = parse_event_id(&id.parse().expect("an id"), &frame.id);
        assert_eq!(seq, i64::try_from(place + 1).ok(), "{frames:?}");
    }
    assert_eq!(a.execution(&id).await["response"], "one two three");
}

#[tokio::test]
async fn who_waits_on_one_hears_of_an_end_on_another() {
    let replicas = Replicas::start(3).await;
    let org = replicas.organization().await;
    let [a, b, c] = [0, 1, 2].map(|place| org.at(&replicas.planes[place]));
    let queue = org.queue_without_worker().await;
    let worker = ByHand::register(&b, &[&queue]).await;
    let agent = a.agent("by-hand").await;
    let request = a.request(Method::POST, &format!("/api/v1/agents/{agent}/execute"));
    let request = request
        .header("Prefer", "wait=60")
        .json(&json!({"prompt": "go", "worker_queue_id": queue}));
    let working = async {
        // Each request of it comes to another replica, as behind a load balancer.
        let task = worker.task().await;
        let stored = worker.at(&replicas.planes[2]).progress(&task, 1, "Do").await;
        assert_eq!(stored.status, 200, "{stored}");
        let held = json!({"activities": [task["id"]], "wait_seconds": 0, "tasks_processed": 0});
        let renewed = worker.at(&replicas.planes[0]).post("/renew", held).await;
        assert_eq!(renewed.body, json!({"stop": []}), "{renewed}");
        let stored = worker.progress(&task, 2, "ne").await;
        assert_eq!(stored.status, 200, "{stored}");
        let ended = worker.at(&replicas.planes[2]).answer(&task, ".").await;
        assert_eq!(ended.status, 200, "{ended}");
    };
    let (reply, ()) = tokio::join!(crate::harness::Reply::read(request), working);
    assert_eq!(reply.status, 200, "{reply}");
    let run = &reply.body["execution"];
    assert_eq!(run["status"], "completed", "{reply}");
    assert!(run["started_at"].is_string(), "{reply}");
    c.log(&reply.text("execution_id")).await;
}
