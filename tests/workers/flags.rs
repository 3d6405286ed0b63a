//! What the flags of `drover worker` do.

use model_server::{Hang, Reply};
use serde_json::json;

use super::workers_of;
use crate::harness::{Model, Organization, Plane, Worker, Workspace, shell};

/// A run on a queue, of a new agent with this model.
async fn ask(org: &Organization, queue: &str, model: &Model) -> String {
    let agent = org.agent(&model.name).await;
    org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await
}

#[plane_test]
async fn lists_show_its_labels_as_they_were_given() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let flags = ["--label", "gpu=yes", "--label", "zone=a=b", "--label", "empty="];
    let _worker = Worker::start_with(&org, &[&queue], &flags);
    let listed = workers_of(&org, &queue).await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    let labels = json!({"gpu": "yes", "zone": "a=b", "empty": ""});
    assert_eq!(listed[0]["worker_metadata"], json!({"labels": labels}));
    assert_eq!(listed[0]["version"], env!("CARGO_PKG_VERSION"));
}

#[plane_test]
async fn it_calls_no_more_models_at_once_than_it_may() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    // It asks the plane itself, so that the plane says when a run was taken.
    let flags = ["--plane", "http", "--max-model-calls", "1"];
    let _worker = Worker::start_with(&org, &[&queue], &flags);
    let (slow, quick) =
        (Model::new([Reply::hang_until_released()]), Model::new([Reply::text("quick")]));
    let first = ask(&org, &queue, &slow).await;
    slow.arrived(1).await;
    let second = ask(&org, &queue, &quick).await;
    assert_eq!(org.execution(&second).await["status"], "pending");
    slow.release();
    let (first, second) = (org.finished(&first).await, org.finished(&second).await);
    assert_eq!((&first["response"], &second["response"]), (&json!("released"), &json!("quick")));
    // These texts sort as instants do.
    let ended = first["completed_at"].as_str().expect("an end");
    let begun = second["started_at"].as_str().expect("a beginning");
    assert!(ended <= begun, "{ended} {begun}");
}

#[plane_test]
async fn it_runs_no_more_tools_at_once_than_it_may_and_models_do_not_wait_for_them() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let flags = ["--plane", "http", "--max-tool-processes", "1"];
    let worker = Worker::start_with(&org, &[&queue], &flags);
    let model = Model::new([
        shell("echo begun > begun; read line < go").hang(Hang::Start),
        Reply::text("first"),
    ]);
    let first = ask(&org, &queue, &model).await;
    let workspace = Workspace::at(&worker, &first);
    let (mut begun, mut go) = (workspace.pipe("begun"), workspace.pipe("go"));
    model.release();
    assert_eq!(begun.hear().await, "begun");

    let model = Model::new([shell("echo hi"), Reply::text("second")]);
    let second = ask(&org, &queue, &model).await;
    org.stream_until(&second, None, |frame| frame.event == "tool_started").await;
    let third = ask(&org, &queue, &Model::new([Reply::text("third")])).await;
    assert_eq!(org.finished(&third).await["response"], "third");
    assert_eq!(org.tool_answers(&second).await, [""; 0]);

    go.say("on").await;
    assert_eq!(org.finished(&first).await["response"], "first");
    assert_eq!(org.finished(&second).await["response"], "second");
}
