//! Planes that append to the same runs at once, each in an order of its own.

use futures_util::future::join_all;

use crate::harness::{Database, Organization, Replicas};

const RUNS: usize = 12;
/// Messages that each plane takes for each run.
const ROUNDS: usize = 10;

/// Says something to each of these runs at once, and that again and again; how much was accepted.
async fn say(org: &Organization, runs: &[&String]) -> usize {
    let mut accepted = 0;
    for round in 0..ROUNDS {
        let message = round.to_string();
        for reply in join_all(runs.iter().map(|run| org.say(run, &message))).await {
            match reply.status {
                202 => accepted += 1,
                // The other plane has made the same id in the same microsecond.
                409 => {}
                _ => panic!("{reply}"),
            }
        }
    }
    accepted
}

fn count(database: &Database, rows: &str) -> usize {
    database.ask(&format!("SELECT count(*) FROM {rows}")).parse().expect("a number")
}

#[tokio::test]
async fn appends_in_opposite_order_never_wait_for_each_other_in_a_circle() {
    let mut replicas = Replicas::start(2).await;
    let org = replicas.organization().await;
    let [a, b] = [0, 1].map(|place| org.at(&replicas.planes[place]));
    let agent = org.agent("nobody-asks").await;
    let queue = org.queue_without_worker().await;
    let body = serde_json::json!({"prompt": "go", "worker_queue_id": queue});
    let runs = join_all((0..RUNS).map(|_| org.execute(&agent, body.clone()))).await;
    let messages = "session_messages";
    let before = count(replicas.database(), messages);
    let there: Vec<&String> = runs.iter().collect();
    let back: Vec<&String> = runs.iter().rev().collect();
    let (accepted_there, accepted_back) = tokio::join!(say(&a, &there), say(&b, &back));
    let written = count(replicas.database(), messages) - before;
    assert_eq!(written, accepted_there + accepted_back);
    assert!(accepted_there > RUNS && accepted_back > RUNS, "{accepted_there} {accepted_back}");
    for run in &runs {
        org.log(run).await;
    }
    // A session tells what it has met when it ends.
    for plane in &mut replicas.planes {
        plane.kill();
    }
    let sessions = "pg_stat_activity WHERE datname = current_database() \
                    AND application_name LIKE 'drover%'";
    while count(replicas.database(), sessions) > 0 {
        tokio::task::yield_now().await;
    }
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(replicas.database().ask(deadlocks), "0");
}
