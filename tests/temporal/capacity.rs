//! Workers with fewer slots than there is work.

use model_server::{Hang, Reply};
use serde_json::json;

use crate::harness::{Model, Plane, Worker, Workspace, shell, temporal_server};

#[plane_test(stores)]
async fn what_one_worker_has_no_slot_for_goes_to_another() {
    let plane = Plane::start_with(&["--temporal-address", &temporal_server()]);
    let org = plane.organization().await;
    let flags = ["--max-tool-processes", "1"];
    let busy = Worker::start_with(&org, &[&org.queue_id], &flags);
    let hanging = shell("echo begun > begun; read line < go").hang(Hang::Start);
    let model = Model::new([hanging, Reply::text("first")]);
    let first = org.ask(&model, "go").await;
    let workspace = Workspace::at(&busy, &first);
    let (mut begun, mut go) = (workspace.pipe("begun"), workspace.pipe("go"));
    model.release();
    assert_eq!(begun.hear().await, "begun");

    // Nobody else is there to be given its tool.
    let quick = Model::new([shell("echo hi"), Reply::text("second")]);
    let agent = org.agent(&quick.name).await;
    let second = org.execute(&agent, json!({"prompt": "go"})).await;
    org.stream_until(&second, None, |frame| frame.event == "tool_started").await;
    let _free = Worker::start_with(&org, &[&org.queue_id], &flags);
    assert_eq!(org.finished(&second).await["response"], "second");
    assert_eq!(org.execution(&first).await["status"], "running");

    go.say("on").await;
    assert_eq!(org.finished(&first).await["response"], "first");
}
