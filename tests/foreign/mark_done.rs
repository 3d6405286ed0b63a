//! Saying that a run of a foreign worker is done.

use serde_json::json;

use crate::harness::{ForeignWorker, Organization, Plane, Relay, Reply, names};

async fn mark_done(org: &Organization, run: &str) -> Reply {
    org.post(&format!("/api/v1/executions/{run}/mark-done"), json!({})).await
}

/// A run of a worker that waits for a message after it has said this.
async fn waits(worker: &ForeignWorker, answer: &str) -> String {
    let metadata = json!({"interactive": true});
    let run = worker.running(json!({"prompt": "Hi", "execution_metadata": metadata})).await;
    worker.streams(&run, "m1", answer).await;
    let reported = worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(reported.body["status"], "waiting_for_input", "{reported}");
    run
}

#[plane_test]
async fn one_that_waits_completes_and_what_its_workflow_says_then_changes_nothing() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = waits(&worker, "Hello").await;
    assert_eq!(mark_done(&org, &run).await.status, 202);
    let ended = org.execution(&run).await;
    assert_eq!((&ended["status"], &ended["response"]), (&json!("completed"), &json!("Hello")));
    let log = org.log(&run).await;
    assert_eq!(names(&org.stream(&run, None).await).last(), Some(&"done"));
    assert_eq!(mark_done(&org, &run).await.status, 202);
    let said = worker.ends(&run, "completed", "HelloHello").await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("completed")), "{said}");
    assert_eq!(org.execution(&run).await["response"], "Hello");
    assert_eq!(org.log(&run).await, log);
}

#[plane_test]
async fn one_that_runs_completes_with_the_report_of_its_turn() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let metadata = json!({"interactive": true});
    let run = worker.running(json!({"prompt": "Hi", "execution_metadata": metadata})).await;
    for _ in 0..2 {
        assert_eq!(mark_done(&org, &run).await.status, 202);
    }
    assert_eq!(org.execution(&run).await["status"], "running");
    assert_eq!(org.say(&run, "One more thing").await.status, 409);
    worker.streams(&run, "m1", "Hello").await;
    let reported = worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(reported.body["status"], "completed", "{reported}");
    assert_eq!(org.execution(&run).await["response"], "Hello");
}

#[plane_test(stores)]
async fn its_workflow_is_told_in_the_commit_that_changes_the_run_and_once() {
    // Temporal is away, so that what it is to be told stays where it is.
    let relay = Relay::to("http://127.0.0.1:9").await;
    relay.cut();
    let plane = Plane::start_with(&["--temporal-address", &relay.url]);
    let org = plane.organization().await;
    let worker = ForeignWorker::start(&org).await;
    let told = |run: &str| {
        let tells = "SELECT count(*) FROM outbox WHERE kind = 'done'";
        let run = run.replace('-', "");
        plane.ask(&format!("{tells} AND lower({}) = '{run}'", plane.hex_of("execution_id")))
    };
    let waiting = waits(&worker, "Hello").await;
    assert_eq!(told(&waiting), "0");
    assert_eq!(mark_done(&org, &waiting).await.status, 202);
    assert_eq!(told(&waiting), "1");
    let running = worker.running(json!({"prompt": "Hi"})).await;
    for _ in 0..2 {
        assert_eq!(mark_done(&org, &running).await.status, 202);
    }
    assert_eq!(told(&running), "1");
    // And nobody cancels what ends by itself.
    assert_eq!(plane.ask("SELECT count(*) FROM outbox WHERE kind = 'cancel'"), "0");
}
