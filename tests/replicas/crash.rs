//! A replica that is killed while all of them work.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use model_server::{Hang, Reply};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::harness::{Model, Organization, Plane, Replicas, shell};

/// Runs that are under way when it happens. Any replica may have taken any of them.
const RUNS: usize = 18;
/// Triggers that come meanwhile, so many at once.
const TRIGGERS: usize = 200;
const AT_ONCE: usize = 8;

/// A run whose first step is recorded, and whose second one hangs.
async fn hanging(org: &Organization) -> (String, Model) {
    let model = Model::new([
        shell("echo first"),
        shell("echo second").hang(Hang::Start),
        Reply::text("Done."),
    ]);
    (org.ask(&model, "go").await, model)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_runs_end_on_the_others_and_no_recorded_step_is_repeated() {
    let mut replicas = Replicas::start(3).await;
    let org = replicas.organization().await;
    let at = |place: usize| org.at(&replicas.planes[place % 3]);
    let runs = join_all((0..RUNS).map(async |place| hanging(&at(place)).await)).await;
    join_all(runs.iter().map(|(_, model)| model.arrived(2))).await;
    let held = join_all(replicas.planes.iter().map(under_way)).await;
    assert_eq!(held.iter().sum::<usize>(), RUNS, "{held:?}");
    let busiest = (0..held.len()).max_by_key(|place| held[*place]).expect("replicas");
    replicas.planes[busiest].kill();
    runs.iter().for_each(|(_, model)| model.release());

    let mut taken_over = 0;
    for (id, model) in &runs {
        let run = org.finished(id).await;
        assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("Done.")));
        // The second step was asked for once, or cut off and never recorded: then the model's next
        // answer took its place.
        let turns = run["usage"]["turns"].as_u64().expect("turns");
        let requests = model.requests().len();
        assert_eq!(requests, 3, "{run}");
        taken_over += usize::from(turns == 2);
        let answers = org.tool_answers(id).await;
        assert_eq!(answers, ["first", "second"][..usize::try_from(turns).expect("few") - 1]);
        told_once(&org, id).await;
    }
    assert_eq!(taken_over, held[busiest], "what was on the others went on there: {held:?}");
}

/// What a replica has under way.
async fn under_way(plane: &Plane) -> usize {
    let metrics = plane.get("/metrics").await;
    let lines = metrics.body.as_str().expect("a text").lines();
    let mut told = lines.filter_map(|line| line.strip_prefix("drover_activities_under_way "));
    told.next().and_then(|count| count.parse().ok()).expect("a count")
}

/// The log has no gap (or else reading it fails), tells each call once and has one end, the last.
async fn told_once(org: &Organization, id: &str) {
    let log = org.log(id).await;
    let count = |name: &str| log.iter().filter(|entry| entry["event_type"] == name).count();
    assert_eq!(count("tool_started"), count("tool_completed"), "{log:?}");
    assert_eq!((count("done"), count("error")), (1, 0));
    assert_eq!(log.last().expect("entries")["event_type"], "done");
}

/// Triggers until it is acknowledged, as a client does that knows its key; the run.
async fn trigger(org: &Organization, job: &str, key: usize) -> String {
    loop {
        let path = format!("/api/v1/jobs/{job}/trigger");
        let request = org.request(Method::POST, &path).json(&json!({}));
        let sent = request.header("Idempotency-Key", key.to_string()).send().await;
        let Ok(answer) = sent else { continue };
        assert_eq!(answer.status(), 200);
        if let Ok(body) = answer.json::<Value>().await {
            return body["execution_id"].as_str().expect("an id").to_owned();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_acknowledged_is_lost_or_doubled() {
    let mut replicas = Replicas::start(3).await;
    let org = replicas.organization().await;
    let job = org.job(&org.agent("drover/offline").await, "hello").await;
    let (acknowledged, enough) = (AtomicUsize::new(0), Notify::new());
    let triggering = stream::iter(0..TRIGGERS)
        .map(async |key| {
            let id = trigger(&org, &job, key).await;
            if acknowledged.fetch_add(1, Ordering::SeqCst) == TRIGGERS / 4 {
                enough.notify_one();
            }
            id
        })
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>();
    let killing = async {
        enough.notified().await;
        replicas.planes[1].kill();
    };
    let (runs, ()) = tokio::join!(triggering, killing);
    for id in &runs {
        assert_eq!(org.finished(id).await["status"], "completed");
    }
    let count = replicas.database().ask("SELECT count(*) FROM executions");
    assert_eq!(count, TRIGGERS.to_string());
}
