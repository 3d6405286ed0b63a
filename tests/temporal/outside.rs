//! Workflows that somebody ends who does not ask Drover.

use drover_temporal::RunWorkflow;
use model_server::Reply;
use serde_json::json;

use super::{place, plane, workflow_id};
use crate::harness::{Model, Organization, Worker};

/// A run that a worker is at: its model was asked, and does not answer.
async fn under_way(org: &Organization) -> String {
    let model = Model::new([Reply::hang_until_released()]);
    let run = org.ask(&model, "go").await;
    model.arrived(1).await;
    run
}

async fn terminate(run: &str) {
    let client = place().connect("tests").await.expect("a server");
    let workflow = client.get_workflow_handle::<RunWorkflow>(workflow_id(run));
    workflow.terminate(Default::default()).await.expect("a workflow that runs");
}

async fn cancel(run: &str) {
    let client = place().connect("tests").await.expect("a server");
    let workflow = client.get_workflow_handle::<RunWorkflow>(workflow_id(run));
    workflow.cancel(Default::default()).await.expect("a workflow that runs");
}

/// Waits for the end of a run, and looks how it ended and why.
async fn ends(org: &Organization, run: &str, status: &str, reason: &str) {
    let ended = org.finished(run).await;
    let told = (&ended["status"], &ended["error_message"]);
    assert_eq!(told, (&json!(status), &json!(reason)), "{ended}");
}

#[plane_test(stores)]
async fn a_run_fails_whose_workflow_is_terminated() {
    let plane = plane("").await;
    let org = plane.organization().await;
    let _worker = Worker::start(&org, &[&org.queue_id]);
    let run = under_way(&org).await;
    assert_eq!(org.execution(&run).await["status"], "running");
    terminate(&run).await;
    ends(&org, &run, "failed", "Its workflow was terminated outside of Drover").await;
    assert_eq!(org.log(&run).await.last().expect("an end")["event_type"], "error");
}

#[plane_test(stores)]
async fn a_run_is_cancelled_whose_workflow_is_cancelled() {
    let plane = plane("").await;
    let org = plane.organization().await;
    let _worker = Worker::start(&org, &[&org.queue_id]);
    let run = under_way(&org).await;
    assert_eq!(org.execution(&run).await["status"], "running");
    cancel(&run).await;
    ends(&org, &run, "cancelled", "Its workflow was cancelled outside of Drover").await;
    assert_eq!(org.log(&run).await.last().expect("an end")["event_type"], "done");
}

#[plane_test(stores)]
async fn what_is_terminated_while_there_is_no_plane_is_found_at_its_next_start() {
    let mut plane = plane("").await;
    let org = plane.organization().await;
    let _worker = Worker::start(&org, &[&org.queue_id]);
    let run = under_way(&org).await;
    plane.kill();
    terminate(&run).await;

    // It finds where Temporal is in its `drover.toml`.
    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    ends(&org, &run, "failed", "Its workflow was terminated outside of Drover").await;
}
