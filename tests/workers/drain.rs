//! A worker that is told to end.

use model_server::{Hang, Reply};
use serde_json::json;
use tokio::task::spawn_blocking;

use super::workers_of;
use crate::harness::{Model, Plane, Worker, Workspace, shell};

#[plane_test]
async fn what_runs_ends_before_the_worker_does() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let mut worker = Worker::start(&org, &[&queue]);
    let model = Model::new([Reply::chunks(["On", "e."]).hang(Hang::After(1))]);
    let agent = org.agent(&model.name).await;
    let body = json!({"prompt": "go", "worker_queue_id": queue});
    let id = org.execute(&agent, body.clone()).await;
    org.stream_until(&id, None, |frame| frame.event == "message_chunk").await;
    worker.terminate();
    model.release();
    assert_eq!(org.finished(&id).await["response"], "One.");
    assert_eq!(spawn_blocking(move || worker.ended()).await.expect("an end").code(), Some(0));
    assert_eq!(workers_of(&org, &queue).await, [json!(null); 0]);
    // Nobody is left to take it, and that is said.
    let later = org.execute(&agent, body).await;
    let waiting_for = org.execution(&later).await["waiting_for"].clone();
    assert!(waiting_for.as_str().is_some_and(|text| text.contains("none is connected")));
}

#[plane_test]
async fn a_second_signal_gives_what_runs_to_another_at_once() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let mut first = Worker::start(&org, &[&queue]);
    let command = "exec 3> begun; echo begun >&3; sleep 1000";
    let model = Model::new([shell(command).hang(Hang::Start), Reply::text("Done.")]);
    let agent = org.agent(&model.name).await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let mut begun = Workspace::at(&first, &id).pipe("begun");
    model.release();
    assert_eq!(begun.hear().await, "begun");

    // Where it goes, the same command ends by itself: there is no pipe.
    let second = Worker::start(&org, &[&queue]);
    let workspace = Workspace::at(&second, &id);
    std::fs::create_dir(workspace.path().join("begun")).expect("something that is no pipe");
    first.terminate();
    // Two signals that come at once are one.
    first.says("taking no more work");
    first.terminate();
    let (ended, _first) = spawn_blocking(move || (first.ended(), first)).await.expect("an end");
    assert_eq!(ended.code(), Some(130));
    begun.abandoned().await;
    assert_eq!(org.finished(&id).await["response"], "Done.");
    let log = org.log(&id).await;
    let queued = log.iter().filter(|entry| entry["data"]["status"] == "queued").count();
    assert_eq!(queued, 1, "{log:?}");
}
