//! SIGKILL half-way through 500 runs, and a restart on the same directory and port.
//!
//! Half-way: when the stand-in has been asked 250 times. Lost: acknowledged runs that do not
//! complete. Repeated: calls of runs whose answer was recorded before the kill (read from a copy of
//! the database while no plane runs), and calls repeated beyond those that were in flight. A run is
//! known by its prompt, which is its own.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rusqlite::Connection as Database;
use serde_json::Value;
use tokio::time::sleep;

use super::burst::RUNS;
use super::{Bench, Fresh, Values};
use crate::http::Connection;
use crate::load;
use crate::plane::{Job, Plane, Record, Taker, Wait};

const MODEL: &str = "instant";
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(5);

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let Fresh { plane, models, directory } = bench.fresh(Record::Requests).await?;
    let data = directory.path().join("data");
    let job = plane.make_job(MODEL, Taker::InProcess).await?;
    let requests = (0..RUNS).map(|number| plane.trigger(&job, number, Wait::No)).collect();
    let mut asking = Connection::open(models.address).await?;
    let (mut sent, _) = load::all_at_once(&plane, requests).await?;
    let half = u64::try_from(RUNS / 2)?;
    while models.count(&mut asking).await? < half {
        sleep(Duration::from_millis(1)).await;
    }
    let port = plane.address.port();
    plane.process.kill().await?;
    let acknowledged = acknowledged(&mut sent).await?;
    let before = calls(&models.requests(MODEL).await?);
    let recorded = recorded(&data, directory.path())?;

    let began = Instant::now();
    let plane = Plane::start(&bench.stage, &data, port, &models).await?;
    wait_until_finished(&plane, &job).await?;
    let elapsed = began.elapsed().as_secs_f64();

    let completed = completed(&plane, &job).await?;
    let lost = acknowledged.difference(&completed).count();
    let after = calls(&models.requests(MODEL).await?);
    let repeats: u32 = after.values().map(|calls| calls - 1).sum();
    let in_flight = before.keys().filter(|run| !recorded.contains(*run)).count();
    let recorded_again = recorded.iter().filter(|run| after.get(*run) > before.get(*run)).count();
    let beyond = (repeats as usize).saturating_sub(in_flight);
    plane.process.kill().await?;
    eprintln!(
        "    killed after {} acknowledged, {} model calls, {} recorded; {repeats} calls repeated",
        acknowledged.len(),
        before.len(),
        recorded.len(),
    );
    Ok(vec![
        ("kill_lost", count(lost)),
        ("kill_repeated", count(recorded_again + beyond)),
        ("kill_s", elapsed),
    ])
}

/// A count as the value of a figure.
#[expect(clippy::cast_precision_loss, reason = "a count of at most some thousands")]
pub fn count(count: usize) -> f64 {
    count as f64
}

/// The ids of runs whose trigger was answered; a connection that broke with the plane has none.
async fn acknowledged(sent: &mut tokio::task::JoinSet<load::Sent>) -> Result<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    while let Some(answered) = sent.join_next().await {
        let (_, Ok(answer)) = answered? else { continue };
        let reply = answer.expect_success()?.json()?;
        ids.insert(reply["execution_id"].as_str().context("an execution id")?.to_owned());
    }
    Ok(ids)
}

/// How often each prompt was asked.
fn calls(requests: &[Value]) -> HashMap<String, u32> {
    let mut calls = HashMap::new();
    for request in requests {
        *calls.entry(prompt(request)).or_default() += 1;
    }
    calls
}

/// The prompt of a request.
pub fn prompt(request: &Value) -> String {
    let messages = request["body"]["messages"].as_array();
    let prompt = messages.into_iter().flatten().find(|message| message["role"] == "user");
    prompt.map(|message| text(&message["content"])).unwrap_or_default()
}

/// A content is a text, or blocks of text.
fn text(content: &Value) -> String {
    match content.as_array() {
        Some(blocks) => blocks.iter().filter_map(|block| block["text"].as_str()).collect(),
        None => content.as_str().unwrap_or_default().to_owned(),
    }
}

/// The prompts of runs whose model call is recorded. Reads a copy: opening the database itself would
/// do part of the plane's recovery.
fn recorded(data: &Path, scratch: &Path) -> Result<BTreeSet<String>> {
    for end in ["", "-wal"] {
        let name = format!("drover.db{end}");
        if data.join(&name).exists() {
            std::fs::copy(data.join(&name), scratch.join(&name))?;
        }
    }
    let copy = Database::open(scratch.join("drover.db"))?;
    let mut select = copy.prepare(
        "SELECT DISTINCT e.prompt FROM activities a JOIN executions e ON e.id = a.execution_id
         WHERE a.state = 'done'",
    )?;
    let prompts = select.query_map([], |row| row.get::<_, String>(0))?;
    Ok(prompts.collect::<Result<_, _>>()?)
}

async fn wait_until_finished(plane: &Plane, job: &Job) -> Result<()> {
    let mut connection = plane.connect().await?;
    let began = Instant::now();
    let total = plane.count(&mut connection, job, "").await?;
    loop {
        let mut finished = 0;
        for status in ["completed", "failed"] {
            finished += plane.count(&mut connection, job, status).await?;
        }
        if finished == total {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            bail!("only {finished} of {total} runs finished within {} s", PATIENCE.as_secs());
        }
        sleep(GLANCE).await;
    }
}

async fn completed(plane: &Plane, job: &Job) -> Result<BTreeSet<String>> {
    let path = format!("/api/v1/executions?limit=500&status=completed&job_id={}", job.id);
    let answer = plane.get(&mut plane.connect().await?, &path).await?.json()?;
    let rows = answer.as_array().context("a list")?;
    Ok(rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned).collect())
}
