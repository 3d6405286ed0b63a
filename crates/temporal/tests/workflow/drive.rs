//! What the workflow does.

use drover_domain::executions::Next;
use drover_engine::Workflows;
use serde_json::{Value, json};
use temporalio_client::{WorkflowExecutionStatus, WorkflowTerminateOptions};

use crate::server::Driven;

/// Activities after which a history begins anew, where that is not what is tested.
const MANY: u32 = 100;

#[tokio::test]
async fn it_drives_a_run_from_step_to_step_and_waits_for_what_it_is_told() {
    let run = Driven::begin(MANY).await;
    run.given(1).await.done(run.step(2));
    run.given(2).await.done(Next::Wait);
    run.signal(&run.step(3)).await;
    run.given(3).await.done(run.step(4).after(10));
    run.given(4).await.done(Next::End);
    assert_eq!(run.ended().await, WorkflowExecutionStatus::Completed);
    run.history("steps").await;
}

#[tokio::test]
async fn a_message_of_any_shape_wedges_nothing() {
    let run = Driven::begin(MANY).await;
    let first = run.given(1).await;
    for garbage in [json!(null), json!("x"), json!({"next": "execute"}), json!([1]), json!({})] {
        run.signal(&garbage).await;
    }
    // What is old is not done again.
    run.signal(&run.step(1)).await;
    first.done(Next::Wait);
    run.signal(&Next::Wait).await;
    run.signal(&run.step(2)).await;
    run.given(2).await.done(Next::End);
    assert_eq!(run.ended().await, WorkflowExecutionStatus::Completed);
    run.history("garbage").await;
}

#[tokio::test]
async fn a_start_of_another_shape_ends_at_once() {
    let run = Driven::ready().await;
    run.start_with(&json!({"prompt": "not one of ours"})).await;
    assert_eq!(run.ended().await, WorkflowExecutionStatus::Completed);
    run.history("stranger").await;
}

#[tokio::test]
async fn what_a_worker_drops_goes_to_a_worker_again() {
    let run = Driven::begin(MANY).await;
    drop(run.given(1).await);
    run.given(1).await.done(Next::End);
    assert_eq!(run.ended().await, WorkflowExecutionStatus::Completed);
    run.history("dropped").await;
}

#[tokio::test]
async fn a_cancel_reaches_the_worker() {
    let run = Driven::begin(MANY).await;
    let given = run.given(1).await;
    run.temporal.cancel(run.execution).await.expect("a cancel");
    given.stop.cancelled().await;
    assert_eq!(run.ended().await, WorkflowExecutionStatus::Canceled);
    run.history("cancelled").await;
}

#[tokio::test]
async fn its_history_begins_anew_and_nothing_it_was_told_is_lost() {
    let run = Driven::begin(2).await;
    run.given(1).await.done(run.step(2));
    let second = run.given(2).await;
    // Told before it comes to that.
    run.signal(&run.step(4)).await;
    second.done(run.step(3));
    run.given(3).await.done(Next::Wait);
    run.given(4).await.done(run.step(5));
    run.given(5).await.done(Next::End);
    assert_eq!(run.ended().await, WorkflowExecutionStatus::Completed);
    let history = run.history("anew").await;
    let history: Value = serde_json::from_str(&history).expect("JSON");
    let started = &history["events"][0]["attributes"]["WorkflowExecutionStartedEventAttributes"];
    let before = started["continued_execution_run_id"].as_str();
    assert!(before.is_some_and(|id| !id.is_empty()), "{started}");
}

#[tokio::test]
async fn what_is_told_twice_is_told_once() {
    let run = Driven::ready().await;
    for _ in 0..2 {
        run.temporal.start(run.starting()).await.expect("a start");
    }
    run.given(1).await.done(Next::End);
    assert_eq!(run.ended().await, WorkflowExecutionStatus::Completed);
    // It has run: another start, and whatever else, changes nothing.
    run.temporal.start(run.starting()).await.expect("a start");
    assert!(!run.temporal.steer(run.execution, run.step(2)).await.expect("a step"));
    run.temporal.cancel(run.execution).await.expect("a cancel");
    assert_eq!(run.ended().await, WorkflowExecutionStatus::Completed);
}

#[tokio::test]
async fn what_was_ended_from_outside_is_listed() {
    let run = Driven::begin(MANY).await;
    let _given = run.given(1).await;
    run.handle().terminate(WorkflowTerminateOptions::default()).await.expect("an end");
    // Listed once the server's index knows.
    let ended = loop {
        let listed = run.temporal.ended_outside(jiff::Timestamp::UNIX_EPOCH).await.expect("a list");
        if let Some(ended) = listed.into_iter().find(|one| one.execution == run.execution) {
            break ended;
        }
    };
    assert_eq!((ended.cancelled, ended.how.as_str()), (false, "terminated"));
}

#[tokio::test]
async fn a_foreign_workflow_hears_that_it_is_done_without_an_argument() {
    let run = Driven::ready().await;
    // One that is not there needs to know nothing.
    run.temporal.end_foreign(run.execution).await.expect("a signal to nobody");
    let queue = run.starting().queue;
    run.temporal.start_foreign(run.execution, queue, json!({})).await.expect("a start");
    run.temporal.end_foreign(run.execution).await.expect("a signal");
    let history = run.handle().fetch_history(Default::default()).to_json().await;
    let history: Value = serde_json::from_slice(&history.expect("a history")).expect("JSON");
    let events = history["events"].as_array().expect("events");
    let told: Vec<_> = events
        .iter()
        .filter_map(|one| one["attributes"].get("WorkflowExecutionSignaledEventAttributes"))
        .collect();
    assert_eq!(told.len(), 1, "{history}");
    assert_eq!(told[0]["signal_name"], "mark_as_done");
    let arguments = told[0]["input"]["payloads"].as_array();
    assert!(arguments.is_none_or(Vec::is_empty), "{}", told[0]);
    run.handle().terminate(WorkflowTerminateOptions::default()).await.expect("an end");
}
