//! Where a run stands is decided with the report of each turn, and never left open.

use serde_json::json;

use crate::harness::{ForeignWorker, Plane, names};

#[plane_test]
async fn a_turn_that_failed_ends_its_run() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let failed = json!({"finish_reason": "error", "error_message": "401 from the model"});
    let reported = worker.reports_turn(&run, 1, failed).await;
    assert_eq!(reported.body["status"], "failed", "{reported}");
    let ended = org.execution(&run).await;
    assert_eq!(ended["error_message"], "401 from the model");
    assert_eq!(names(&org.stream(&run, None).await).last(), Some(&"error"));
    // The workflow says it too, in its own words: the end stays.
    let body = json!({"status": "FAILED", "error_message": "Workflow error: x"});
    assert_eq!(worker.says(&run, body).await.status, 200);
    assert_eq!(org.execution(&run).await["error_message"], "401 from the model");
}

#[plane_test]
async fn a_turn_that_was_cut_off_interrupts_its_run() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    worker.streams(&run, "m", "Half an ans").await;
    let cut = json!({"finish_reason": "cancelled", "error_message": "cancelled"});
    let reported = worker.reports_turn(&run, 1, cut).await;
    assert_eq!(reported.body["status"], "interrupted", "{reported}");
    assert_eq!(names(&org.stream(&run, None).await).last(), Some(&"error"));
}

#[plane_test]
async fn an_interactive_run_waits_after_its_turn_and_goes_on_with_a_message() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let metadata = json!({"interactive": true});
    let run = worker.running(json!({"prompt": "Hi", "execution_metadata": metadata})).await;
    worker.streams(&run, "m1", "Hello").await;
    let reported = worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(reported.body["status"], "waiting_for_input", "{reported}");
    assert_eq!(org.say(&run, "And now?").await.status, 202);
    // It asks where the run stands for up to 6 s after a turn: a word that says that the run goes on
    // would have it repeat the turn.
    assert_eq!(org.execution(&run).await["status"], "waiting_for_input");
    worker.streams(&run, "m2", "Now").await;
    assert_eq!(org.execution(&run).await["status"], "running");
    let reported = worker.reports_turn(&run, 2, json!({})).await;
    assert_eq!(reported.body["status"], "waiting_for_input", "{reported}");
    let session = org.get(&format!("/api/v1/executions/{run}/session")).await;
    let messages = session.body["messages"].as_array().expect("messages");
    let said: Vec<_> = messages.iter().map(|one| one["content"].as_str().unwrap()).collect();
    assert_eq!(said, ["Hi", "Hello", "And now?", "Now"]);
    let ended = worker.ends(&run, "completed", "HelloHello").await;
    assert_eq!(ended.body["status"], "completed", "{ended}");
}

#[plane_test]
async fn a_message_during_a_turn_keeps_the_run_open_for_its_answer() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "Hi"})).await;
    let path = format!("/api/v1/executions/{run}/followup");
    assert_eq!(org.post(&path, json!({"message": "One more thing"})).await.status, 202);
    worker.streams(&run, "m1", "Hello").await;
    let reported = worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(reported.body["status"], "waiting_for_input", "{reported}");
    // A piece of the turn before, late on its way.
    worker.streams(&run, "m1", "Hello").await;
    assert_eq!(org.execution(&run).await["status"], "waiting_for_input");
    worker.streams(&run, "m2", "Yes?").await;
    let reported = worker.reports_turn(&run, 2, json!({})).await;
    assert_eq!(reported.body["status"], "completed", "{reported}");
    assert_eq!(org.execution(&run).await["response"], "Yes?");
}

#[plane_test]
async fn a_turn_that_is_reported_twice_counts_once() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let metadata = json!({"interactive": true});
    let run = worker.running(json!({"prompt": "Hi", "execution_metadata": metadata})).await;
    let first = worker.reports_turn(&run, 1, json!({"response_preview": "Hello"})).await;
    let again = worker.reports_turn(&run, 1, json!({"response_preview": "Hello"})).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(org.execution(&run).await["usage"]["total_tokens"], 18);
}

#[plane_test]
async fn what_was_not_streamed_is_told_by_the_reports() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "Hi"})).await;
    let beginning = "a ".repeat(250);
    let reported = worker.reports_turn(&run, 1, json!({"response_preview": beginning})).await;
    assert_eq!(reported.body["status"], "completed");
    let whole = format!("{beginning}and the rest");
    assert_eq!(worker.ends(&run, "completed", &whole).await.status, 200);
    assert_eq!(org.execution(&run).await["response"], whole);
}

#[plane_test]
async fn a_turn_whose_report_does_not_come_is_decided_by_its_conversation() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "Hi"})).await;
    worker.streams(&run, "m1", "Hello").await;
    let session = json!({"messages": [
        {"role": "user", "content": "Hi", "message_id": format!("{run}_user_1")},
        {"role": "assistant", "content": "HelloHello", "message_id": format!("{run}_2")},
    ]});
    let path = format!("/api/v1/executions/{run}/session");
    assert_eq!(worker.with_user_key(&path, session).await.status, 201);
    assert_eq!(org.execution(&run).await["status"], "completed");
    // Late, it is still a figure.
    let reported = worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(reported.body["status"], "completed", "{reported}");
    let ended = org.execution(&run).await;
    assert_eq!(
        (&ended["response"], &ended["usage"]["total_tokens"]),
        (&json!("Hello"), &json!(18))
    );
    assert_eq!(org.get(&path).await.body["message_count"], 2);
}

#[plane_test]
async fn figures_of_a_run_of_ours_decide_nothing() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let agent = org.agent("instant").await;
    let queue = org.queue_without_worker().await;
    let run = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let reported = worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!((reported.status, &reported.body["status"]), (201, &json!("pending")));
    let reply = worker.begins(&run).await;
    assert_eq!(reply.status, 409, "{reply}");
    assert_eq!(org.execution(&run).await["status"], "pending");
}
