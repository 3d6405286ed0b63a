//! Runs that a worker of the reference's kind has. It stays where it is, and its workflows with it.

use serde_json::json;

use super::Place;
use crate::harness::{ForeignWorker, Plane};

#[tokio::test]
async fn what_such_a_worker_was_at_fails_and_what_waits_for_a_person_waits() {
    let files = tempfile::tempdir().expect("a temporary directory");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let settings = "worker_temporal_address = \"127.0.0.1:9\"\n";
    std::fs::write(directory.path().join("drover.toml"), settings).expect("write drover.toml");
    let mut plane = Plane::start_in(directory);
    let org = plane.organization().await;
    let worker = ForeignWorker::start(&org).await;
    let at_work = worker.running(json!({"prompt": "go"})).await;
    let interactive = json!({"prompt": "Hi.", "execution_metadata": {"interactive": true}});
    let waits = worker.running(interactive).await;
    let reported = worker.reports_turn(&waits, 1, json!({})).await;
    assert_eq!(reported.body["status"], "waiting_for_input", "{reported}");
    plane.terminate();

    let file = files.path().join("export");
    let data = plane.data_dir();
    let place = Place::Directory(&data);
    place.remove(&org.name, &file);
    let told = place.import(&file);
    assert_eq!((&told["failed"], &told["queued_again"]), (&json!(1), &json!(0)), "{told}");

    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    let failed = org.finished(&at_work).await;
    assert_eq!(failed["status"], "failed");
    let why = failed["error_message"].as_str().expect("a reason");
    assert!(why.contains("a worker of the plane that it was moved from"), "{why}");
    assert_eq!(org.log(&at_work).await.last().expect("an end")["event_type"], "error");
    assert_eq!(org.execution(&waits).await["status"], "waiting_for_input");
}
