//! Every process killed in turn while runs are triggered: planes, workers, a Temporal server that keeps
//! its data in a file, and the Postgres server.
//!
//! Callers trigger with an idempotency key and try until they have an answer. Lost: acknowledged runs
//! that do not complete. Doubled: acknowledged triggers with more than one run, and runs whose model
//! was asked after its answer was recorded (a run has one turn, so that is when it completed).

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{Bench, Values, kill};
use crate::fleet::Fleet;
use crate::http::{self, Connection};
use crate::plane::{Job, Models, Plane, Record, Taker};
use crate::servers::Database;

/// Streams for a second, so that a kill meets calls in flight.
const MODEL: &str = "slow-20x1";
const KILLS: usize = 50;
const CALLERS: usize = 4;
/// Between two triggers of a caller.
const PACE: Duration = Duration::from_millis(500);
/// The longest that an answer to a trigger takes.
const ANSWER: Duration = Duration::from_secs(15);
/// Between two tries of a trigger.
const AGAIN: Duration = Duration::from_millis(50);
/// The longest that runs take to end after the last kill: Temporal may have to be told once more.
const PATIENCE: Duration = Duration::from_secs(180);
const GLANCE: Duration = Duration::from_millis(500);

/// Callers, and what they were told.
struct Load {
    planes: Vec<(SocketAddr, String)>,
    job: Job,
    next: Cell<usize>,
    over: Cell<bool>,
}

/// A run as the database has it.
struct Run {
    id: String,
    completed_us: Option<u64>,
}

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let database = bench.servers.database()?;
    let directory = tempfile::tempdir_in(&bench.stage.folder)?;
    let models = Models::start(&bench.stage, Record::Requests).await?;
    let folder = directory.path().to_owned();
    let mut fleet = Fleet::start(&bench.stage, &bench.servers, &database, models, folder).await?;
    let plane = fleet.planes.first().context("a plane")?;
    let job = plane.make_job(MODEL, Taker::Queue(&fleet.queue)).await?;
    let planes = fleet.planes.iter().map(|plane| (plane.address, plane.key.clone())).collect();
    let load = Load { planes, job, next: Cell::new(0), over: Cell::new(false) };
    let callers = (0..CALLERS).map(|number| load.call(number));
    let calling = all(callers.collect());
    let kills = bench.size(KILLS, 8);
    let (acknowledged, ()) = tokio::try_join!(calling, kill_all(&mut fleet, kills, &load.over))?;

    wait(fleet.planes.first().context("a plane")?, &load.job).await?;
    let runs = runs(&database)?;
    let asked = asked(&fleet.models().requests(MODEL).await?);
    let unknown = runs.iter().filter(|(prompt, runs)| is_unasked(runs, asked.get(*prompt)));
    ensure!(unknown.count() == 0, "runs completed whose model call is not known");
    let lost = acknowledged.iter().filter(|(_, id)| !has_completed(&runs, id)).count();
    let more = acknowledged.keys().filter(|prompt| is_doubled(runs.get(*prompt))).count();
    let again = runs.iter().filter(|(prompt, runs)| asked_again(runs, asked.get(*prompt))).count();
    eprintln!(
        "    {kills} kills, {} acknowledged, {} model calls; {lost} lost, {more} triggers with more \
         than one run, {again} asked again",
        acknowledged.len(),
        asked.values().map(Vec::len).sum::<usize>(),
    );
    let doubled = kill::count(more + again);
    Ok(vec![("scale_lost", kill::count(lost)), ("scale_doubled", doubled)])
}

async fn kill_all(fleet: &mut Fleet, kills: usize, over: &Cell<bool>) -> Result<()> {
    for turn in 0..kills {
        // At another moment of what repeats every second each time.
        sleep(Duration::from_millis(1_000 + turn as u64 * 373 % 1_000)).await;
        fleet.kill_and_restart(turn).await?;
    }
    over.set(true);
    Ok(())
}

/// What all callers were told: the id of the run by its prompt.
async fn all(
    callers: Vec<impl Future<Output = Result<BTreeMap<String, String>>>>,
) -> Result<BTreeMap<String, String>> {
    let callers = futures_util::future::try_join_all(callers).await?;
    Ok(callers.into_iter().flatten().collect())
}

impl Load {
    /// Triggers until it is over.
    async fn call(&self, caller: usize) -> Result<BTreeMap<String, String>> {
        let mut acknowledged = BTreeMap::new();
        let plane = &self.planes[caller % self.planes.len()];
        while !self.over.get() {
            let number = self.next.replace(self.next.get() + 1);
            let id = self.trigger(plane, number).await?;
            acknowledged.insert(format!("Say how things are, this is request {number}."), id);
            sleep(PACE).await;
        }
        Ok(acknowledged)
    }

    /// Tries until there is an answer.
    async fn trigger(
        &self,
        (address, key): &(SocketAddr, String),
        number: usize,
    ) -> Result<String> {
        let headers =
            format!("Authorization: Bearer {key}\r\nIdempotency-Key: losses-{number}\r\n");
        let body = format!(r#"{{"parameters":{{"number":"{number}"}}}}"#);
        let path = format!("/api/v1/jobs/{}/trigger", self.job.id);
        let request = http::request("POST", &path, &headers, &body);
        loop {
            let sent = async { Connection::open(*address).await?.send(&request).await };
            match timeout(ANSWER, sent).await {
                Ok(Ok(answer)) if answer.status < 300 => {
                    let id = answer.json()?["execution_id"].as_str().map(str::to_owned);
                    return id.context("an execution id");
                }
                Ok(Ok(answer)) if answer.status < 500 => {
                    bail!("a trigger was answered {}", answer.status)
                }
                _ => sleep(AGAIN).await,
            }
        }
    }
}

/// Until all runs have ended, or too long.
async fn wait(plane: &Plane, job: &Job) -> Result<()> {
    let mut connection = plane.connect().await?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let mut open = 0;
        for status in ["pending", "queued", "running"] {
            open += plane.count(&mut connection, job, status).await?;
        }
        if open == 0 {
            break;
        }
        sleep(GLANCE).await;
    }
    eprintln!("    waited {:.1?} for the last run", began.elapsed());
    Ok(())
}

/// The runs of each prompt.
fn runs(database: &Database) -> Result<BTreeMap<String, Vec<Run>>> {
    let select =
        "SELECT prompt, id, CASE status WHEN 'completed' THEN completed_at END FROM executions";
    let mut runs: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    for row in database.rows(select)? {
        let [prompt, id, completed] = row.try_into().ok().context("a row of three columns")?;
        let completed_us = completed.parse().ok();
        runs.entry(prompt).or_default().push(Run { id, completed_us });
    }
    Ok(runs)
}

/// When the model was asked with each prompt.
fn asked(requests: &[Value]) -> BTreeMap<String, Vec<u64>> {
    let mut asked: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for request in requests {
        let at = request["arrived_us"].as_u64().unwrap_or_default();
        asked.entry(kill::prompt(request)).or_default().push(at);
    }
    asked
}

fn has_completed(runs: &BTreeMap<String, Vec<Run>>, id: &str) -> bool {
    runs.values().flatten().any(|run| run.id == id && run.completed_us.is_some())
}

fn is_doubled(runs: Option<&Vec<Run>>) -> bool {
    runs.is_some_and(|runs| runs.len() > 1)
}

fn is_unasked(runs: &[Run], asked: Option<&Vec<u64>>) -> bool {
    asked.is_none() && runs.iter().any(|run| run.completed_us.is_some())
}

fn asked_again(runs: &[Run], asked: Option<&Vec<u64>>) -> bool {
    let recorded = runs.iter().filter_map(|run| run.completed_us).min();
    let last = asked.and_then(|asked| asked.iter().max());
    last.zip(recorded).is_some_and(|(last, recorded)| *last > recorded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, completed_us: Option<u64>) -> Run {
        Run { id: id.to_owned(), completed_us }
    }

    #[test]
    fn a_call_counts_as_doubled_after_the_answer_is_recorded_only() {
        let completed = [run("a", Some(50))];
        assert!(!asked_again(&completed, Some(&vec![10, 40])));
        assert!(asked_again(&completed, Some(&vec![10, 60])));
        assert!(!asked_again(&[run("a", None)], Some(&vec![10, 60])));
        assert!(is_unasked(&completed, None) && !is_unasked(&[run("a", None)], None));
    }

    #[test]
    fn a_run_is_lost_unless_it_completed() {
        let runs = vec![run("a", Some(50)), run("b", None)];
        let runs = BTreeMap::from([("prompt".to_owned(), runs)]);
        assert!(has_completed(&runs, "a"));
        assert!(!has_completed(&runs, "b") && !has_completed(&runs, "c"));
    }
}
