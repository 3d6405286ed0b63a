//! Replicas whose runs Temporal drives. Each of them hosts workflows of all; the worker belongs to
//! none, and what it executes goes on, whichever of them ends.

use futures_util::future::join_all;
use model_server::{Hang, Reply};
use serde_json::json;

use super::follow;
use crate::harness::{Model, Organization, Replicas, Worker, Workspace, shell};

/// Runs that are triggered on one replica and the other in turn.
const RUNS: usize = 20;

/// A call that leaves a word each time it is made.
fn call(word: &str) -> Reply {
    shell(&format!("echo {word} >> made; echo {word}"))
}

/// A job of an agent with this model.
async fn job(org: &Organization, model: &Model) -> String {
    org.job(&org.agent(&model.name).await, "go").await
}

async fn trigger(org: Organization, job: &str) -> String {
    org.trigger(job, json!({})).await
}

/// A run whose first step is recorded, and whose second one hangs.
async fn hanging(org: Organization) -> (String, Model) {
    let model = Model::new([call("first"), call("second").hang(Hang::Start), Reply::text("Done.")]);
    let id = trigger(org.clone(), &job(&org, &model).await).await;
    model.arrived(2).await;
    (id, model)
}

/// It completes, and nothing in it was done or told twice.
async fn completes_once(
    org: &Organization,
    worker: &Worker,
    id: &str,
    model: &Model,
    calls: &[&str],
) {
    let run = org.finished(id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("Done.")), "{run}");
    let turns = calls.len() + 1;
    assert_eq!(run["usage"]["turns"], json!(turns), "{run}");
    assert_eq!(model.requests().len(), turns, "{run}");
    assert_eq!(org.tool_answers(id).await, calls);
    assert_eq!(Workspace::at(worker, id).lines("made"), calls);
    // It has no gap, or else reading it fails.
    let log = org.log(id).await;
    let count = |name: &str| log.iter().filter(|entry| entry["event_type"] == name).count();
    let (started, completed) = (count("tool_started"), count("tool_completed"));
    assert_eq!((started, completed), (calls.len(), calls.len()), "{log:?}");
    assert_eq!((count("done"), count("error")), (1, 0), "{log:?}");
    assert_eq!(log.last().expect("entries")["event_type"], "done");
}

// The relay works while the test waits for a process.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_one_drove_ends_on_the_other_and_no_step_is_repeated() {
    let mut replicas = Replicas::start_on_temporal(2).await;
    let org = replicas.organization().await;
    let worker = Worker::start(&org, &[&org.queue_id]);
    let at = |place: usize| org.at(&replicas.planes[place % 2]);
    let runs = join_all((0..RUNS).map(|place| hanging(at(place)))).await;
    replicas.planes[0].kill();
    runs.iter().for_each(|(_, model)| model.release());
    let left = org.at(&replicas.planes[1]);
    for (id, model) in &runs {
        completes_once(&left, &worker, id, model, &["first", "second"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_acknowledged_right_before_it_was_killed_ends_on_the_other() {
    let mut replicas = Replicas::start_on_temporal(2).await;
    let org = replicas.organization().await;
    let worker = Worker::start(&org, &[&org.queue_id]);
    let model = |_| Model::new([call("only"), Reply::text("Done.")]);
    let models: Vec<Model> = (0..RUNS).map(model).collect();
    let jobs = join_all(models.iter().map(|model| job(&org, model))).await;
    let at = |place: usize| org.at(&replicas.planes[place % 2]);
    let triggered = jobs.iter().enumerate().map(|(place, job)| trigger(at(place), job));
    let runs = join_all(triggered).await;
    replicas.planes[1].kill();
    let left = org.at(&replicas.planes[0]);
    for (id, model) in runs.iter().zip(&models) {
        completes_once(&left, &worker, id, model, &["only"]).await;
    }
    let count = replicas.database().ask("SELECT count(*) FROM executions");
    assert_eq!(count, RUNS.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_while_both_are_started_anew() {
    let mut replicas = Replicas::start_on_temporal(2).await;
    let org = replicas.organization().await;
    let _worker = Worker::start(&org, &[&org.queue_id]);
    let model = Model::new([Reply::chunks(["I am", " here."]).hang(Hang::After(1))]);
    let id = org.ask(&model, "go").await;
    model.arrived(1).await;
    let restarting = async {
        for place in 0..2 {
            replicas.restart(place).await;
        }
        model.release();
    };
    let (frames, ()) = tokio::join!(follow(&org, &id), restarting);
    let run = org.execution(&id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("I am here.")));
    assert_eq!(model.requests().len(), 1, "the call of the model went on");
    let told: Vec<_> = frames.iter().map(|frame| json!(frame.id)).collect();
    let log: Vec<_> = org.log(&id).await.iter().map(|entry| entry["id"].clone()).collect();
    assert_eq!(told, log, "each entry once, in its order");

    // Both of them have their runs driven again.
    for plane in &replicas.planes {
        let model = Model::new([Reply::text("Done.")]);
        let id = org.at(plane).ask(&model, "go").await;
        assert_eq!(org.finished(&id).await["response"], "Done.");
    }
}
