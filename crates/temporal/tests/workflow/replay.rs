//! Histories that were written by this and by earlier versions of the workflow.

use drover_temporal::RunWorkflow;
use temporalio_client::WorkflowHistory;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

use crate::server::histories;

#[tokio::test]
async fn every_kept_history_is_replayed() {
    let mut options = WorkflowReplayerOptions::new().build();
    options.register_workflow::<RunWorkflow>().expect("the workflow");
    let replayer = WorkflowReplayer::new(options).expect("a replayer");
    let mut replayed = 0;
    for file in std::fs::read_dir(histories()).expect("the kept histories") {
        let file = file.expect("a file").path();
        let history = std::fs::read(&file).expect("a history");
        let history = WorkflowHistory::from_json(&history).expect("a history in JSON");
        let result = replayer.replay_workflow(history).await;
        assert!(result.is_ok(), "{}: {result:?}", file.display());
        replayed += 1;
    }
    assert!(replayed >= 6, "{replayed}");
}
