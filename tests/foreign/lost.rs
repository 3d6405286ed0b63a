//! Workers that go while they run something.

use serde_json::json;

use crate::harness::{ForeignWorker, Organization, Plane, Reply};
use crate::workers::ByHand;

async fn leaves(org: &Organization, worker: &ForeignWorker) {
    let left = org.post(&format!("/api/v1/workers/{}/disconnect", worker.id), json!({})).await;
    assert_eq!(left.status, 204, "{left}");
}

async fn beats(org: &Organization, worker: &ForeignWorker) -> Reply {
    org.post(&format!("/api/v1/workers/{}/heartbeat", worker.id), json!({})).await
}

#[plane_test]
async fn a_run_whose_worker_left_waits_and_goes_on_when_it_is_heard() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let other = ForeignWorker::start_on(&org, &worker.queue).await;
    let (left, kept) = (
        worker.running(json!({"prompt": "one"})).await,
        other.running(json!({"prompt": "two"})).await,
    );
    leaves(&org, &worker).await;
    assert_eq!(org.execution(&left).await["status"], "queued");
    assert_eq!(org.execution(&kept).await["status"], "running");
    // Temporal gives its workflow to the other.
    other.streams(&left, "m", "Hello").await;
    assert_eq!(org.execution(&left).await["status"], "running");
    let reported = other.reports_turn(&left, 1, json!({})).await;
    assert_eq!(reported.body["status"], "completed", "{reported}");
}

#[plane_test]
async fn who_leaves_takes_nothing_from_another_though_ours_serve_the_queue_too() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let other = ForeignWorker::start_on(&org, &worker.queue).await;
    let kept = other.running(json!({"prompt": "go"})).await;
    let ours = ByHand::register(&org, &[&worker.queue]).await;
    leaves(&org, &worker).await;
    assert_eq!(org.execution(&kept).await["status"], "running");
    leaves(&org, &other).await;
    assert_eq!(org.execution(&kept).await["status"], "queued");
    assert_eq!(ours.post("/disconnect", json!({})).await.status, 204);
}

#[plane_test]
async fn a_run_of_which_nobody_says_who_has_it_is_the_last_workers() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let others = [
        ForeignWorker::start_on(&org, &worker.queue).await,
        ForeignWorker::start_on(&org, &worker.queue).await,
    ];
    leaves(&org, &worker).await;
    // An event does not say whose it is.
    others[0].streams(&run, "m", "Hello").await;
    assert_eq!(org.execution(&run).await["status"], "running");
    leaves(&org, &others[1]).await;
    assert_eq!(org.execution(&run).await["status"], "running", "the other may have it");
    leaves(&org, &others[0]).await;
    assert_eq!(org.execution(&run).await["status"], "queued");
}

#[plane_test(stores)]
async fn what_a_silent_worker_ran_fails_though_seeing_to_it_was_cut_off() {
    let plane = Plane::configured("worker_temporal_address = \"127.0.0.1:9\"\n");
    let org = plane.organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    // As a plane leaves it that is killed in between: the worker counts for nobody, but its run
    // says that it runs, and no row that the worker is gone.
    plane.change(
        "UPDATE workers SET status = 'closed', last_heartbeat = last_heartbeat - 200000000",
    );
    let ended = org.finished(&run).await;
    assert_eq!(ended["status"], "failed");
    let reason = ended["error_message"].as_str().expect("a reason");
    assert!(reason.starts_with("Its worker is lost"), "{reason}");
    // It is heard after all: it is back, and takes what waits for one.
    assert_eq!(beats(&org, &worker).await.status, 204);
    worker.running(json!({"prompt": "on"})).await;
}

#[plane_test]
async fn a_sign_of_life_does_not_bring_back_who_is_leaving() {
    let org = Plane::shared().organization().await;
    for _ in 0..10 {
        let worker = ForeignWorker::start(&org).await;
        let run = worker.asked(json!({"prompt": "go"})).await;
        let heard = futures_util::future::join_all((0..4).map(|_| beats(&org, &worker)));
        let (heard, ()) = tokio::join!(heard, leaves(&org, &worker));
        assert!(heard.iter().all(|reply| [204, 410].contains(&reply.status)), "{heard:?}");
        let after = beats(&org, &worker).await;
        assert_eq!(after.status, 410, "{after}");
        let waits = org.execution(&run).await;
        let for_whom = waits["waiting_for"].as_str().expect("it waits");
        assert!(for_whom.contains("none is connected"), "{waits}");
        org.cancel(&run).await;
    }
}

#[plane_test(stores)]
async fn a_plane_that_was_killed_knows_its_workers_and_their_runs() {
    let plane = Plane::configured("worker_temporal_address = \"127.0.0.1:9\"\n");
    let org = plane.organization().await;
    let worker = ForeignWorker::start_on(&org, &org.queue_id).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    worker.streams(&run, "m", "One").await;
    worker.streams(&run, "m", "two").await;
    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    let worker = worker.at(&org);
    let waits = worker.asked(json!({"prompt": "go"})).await;
    assert_eq!(org.execution(&run).await["status"], "running");
    worker.streams(&run, "m", "One two").await;
    let reported = worker.reports_turn(&run, 1, json!({})).await;
    assert_eq!(reported.body["status"], "completed", "{reported}");
    assert_eq!(org.execution(&run).await["response"], "One two");
    assert_eq!(worker.begins(&waits).await.body["status"], "running");
}
