//! What a worker publishes, and what of it is shown.

use serde_json::{Value, json};

use crate::harness::{ForeignWorker, Plane};

/// The text of a run's pieces, as they are shown.
fn pieces(log: &[Value]) -> Vec<&str> {
    let chunks = log.iter().filter(|entry| entry["event_type"] == "message_chunk");
    chunks.map(|entry| entry["data"]["data"]["content"].as_str().expect("a text")).collect()
}

#[plane_test]
async fn every_event_of_the_protocol_is_taken() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    for name in [
        "message",
        "message_chunk",
        "run_started",
        "metadata",
        "tool_started",
        "tool_completed",
        "member_message_chunk",
        "member_message_complete",
        "member_tool_started",
        "member_tool_completed",
        "error",
        "workflow_started",
        "workflow_step_running",
        "workflow_step_output",
        "workflow_step_complete",
        "workflow_completed",
        "workflow_failed",
        "workflow_cancelled",
        "thinking_start",
        "thinking_delta",
        "thinking_complete",
    ] {
        let data = json!({"role": "assistant", "content": name, "message_id": name});
        let reply = worker.publishes(&run, name, data).await;
        assert_eq!(reply.status, 202, "{name}: {reply}");
    }
    for name in ["done", "status", "connected", "complete", ""] {
        let reply = worker.publishes(&run, name, json!({})).await;
        assert_eq!(reply.fields(), ["body.event_type"], "{name}: {reply}");
    }
    let log = org.log(&run).await;
    assert!(log.iter().all(|entry| entry["event_type"] != "error"), "its errors end nothing");
    assert!(log.iter().any(|entry| entry["event_type"] == "worker_error"));
    assert_eq!(org.execution(&run).await["status"], "running");
}

#[plane_test]
async fn text_that_is_said_once_more_is_not_shown_twice() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    worker.streams(&run, "m", "One").await;
    worker.streams(&run, "m", "two").await;
    worker.streams(&run, "m", "One\ntwo").await;
    let whole = json!({"role": "assistant", "content": "One\ntwo", "message_id": "m"});
    assert_eq!(worker.publishes(&run, "message", whole).await.status, 202);
    assert_eq!(pieces(&org.log(&run).await), ["One", "two"]);
    worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(org.execution(&run).await["response"], "One\ntwo");
}

#[plane_test]
async fn text_that_repeats_itself_and_goes_on_is_kept() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    for piece in ["ha", "ha", " said the fox"] {
        worker.streams(&run, "m", piece).await;
    }
    assert_eq!(pieces(&org.log(&run).await), ["ha", "ha", " said the fox"]);
    worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(org.execution(&run).await["response"], "haha said the fox");
}

#[plane_test]
async fn a_persons_message_is_not_shown_again() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "What is new?"})).await;
    let before = org.log(&run).await;
    for id in [format!("{run}_user_1"), format!("{run}_1769860800")] {
        let said = json!({"role": "user", "content": "What is new?", "message_id": id});
        assert_eq!(worker.publishes(&run, "message", said).await.status, 202);
    }
    assert_eq!(org.log(&run).await, before);
}

#[plane_test]
async fn an_answer_that_was_not_streamed_is_shown_whole() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let whole = json!({"role": "assistant", "content": "All of it", "message_id": "m"});
    assert_eq!(worker.publishes(&run, "message", whole).await.status, 202);
    assert_eq!(pieces(&org.log(&run).await), ["All of it"]);
}

#[plane_test]
async fn pieces_that_come_at_once_are_all_kept() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let pieces_sent: Vec<_> = (10..40).map(|n| format!("<{n}>")).collect();
    let sent = pieces_sent.iter().map(|piece| worker.streams(&run, "m", piece));
    futures_util::future::join_all(sent).await;
    let log = org.log(&run).await;
    let mut shown = pieces(&log);
    shown.sort_unstable();
    assert_eq!(shown, pieces_sent);
}
