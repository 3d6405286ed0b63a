//! 500 runs at once on a model that streams 20 tokens a second for a minute. Meanwhile a job whose
//! queue has no worker is triggered 20 times a second.
//!
//! Disk per run is the growth of the data directory, all of the log checkpointed, less what the
//! other job's accepts take, which is measured just before.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rusqlite::Connection as Database;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::burst::RUNS;
use super::{Bench, Fresh, Values};
use crate::disk;
use crate::load;
use crate::plane::{Job, Plane, Record, Taker, Wait};
use crate::statistics::Series;

/// Between two triggers of the other job.
const PACE: Duration = Duration::from_millis(50);
/// Accepts by which the size of one is measured.
const SAMPLE: usize = 1_000;
/// How long after the streams' time the last run may end.
const GRACE: Duration = Duration::from_secs(60);

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let seconds = bench.size(60, 5);
    let Fresh { plane, models: _models, directory } = bench.fresh(Record::Nothing).await?;
    let data = directory.path().join("data");
    let streaming = plane.make_job(&format!("slow-20x{seconds}"), Taker::InProcess).await?;
    let waiting = plane.make_job("instant", Taker::Nobody).await?;

    let empty = checkpointed_size(&data).await?;
    for_each(&plane, &waiting, SAMPLE).await?;
    let before = checkpointed_size(&data).await?;
    let per_accept = (before - empty) / to_f64(SAMPLE);

    let length = Duration::from_secs(seconds as u64);
    let began = Instant::now();
    for_each(&plane, &streaming, RUNS).await?;
    let times = trigger_meanwhile(&plane, &waiting, length.saturating_sub(began.elapsed())).await?;
    wait_until_completed(&plane, &streaming).await?;
    let peak = plane.process.peak_mib()?;
    let after = checkpointed_size(&data).await?;
    plane.process.kill().await?;
    let growth = after - before - per_accept * to_f64(times.len());
    Ok(vec![
        ("stream_p99_ms", Series::of_milliseconds(&times).percentile(99)),
        ("stream_mib", peak),
        ("stream_kib_per_run", growth / to_f64(RUNS) / 1024.0),
    ])
}

async fn for_each(plane: &Plane, job: &Job, runs: usize) -> Result<()> {
    let requests = (0..runs).map(|number| plane.trigger(job, number, Wait::No)).collect();
    let (mut sent, _) = load::all_at_once(plane, requests).await?;
    while let Some(answered) = sent.join_next().await {
        let (_, answer) = answered?;
        load::check(answer?, Wait::No)?;
    }
    Ok(())
}

async fn trigger_meanwhile(plane: &Plane, job: &Job, length: Duration) -> Result<Vec<Duration>> {
    let end = Instant::now() + length;
    let mut connection = plane.connect().await?;
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Vec::new();
    while Instant::now() < end {
        ticks.tick().await;
        let request = plane.trigger(job, times.len(), Wait::No);
        let began = Instant::now();
        let answer = connection.send(&request).await?;
        times.push(began.elapsed());
        load::check(answer, Wait::No)?;
    }
    Ok(times)
}

async fn wait_until_completed(plane: &Plane, job: &Job) -> Result<()> {
    let mut connection = plane.connect().await?;
    let end = Instant::now() + GRACE;
    while plane.count(&mut connection, job, "completed").await? < RUNS as u64 {
        if Instant::now() > end {
            let completed = plane.count(&mut connection, job, "completed").await?;
            bail!("only {completed} of {RUNS} streaming runs completed");
        }
        sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Bytes of a data directory after the write-ahead log has been taken into the database.
async fn checkpointed_size(data: &Path) -> Result<f64> {
    let data: PathBuf = data.to_owned();
    let size = tokio::task::spawn_blocking(move || -> Result<u64> {
        let database = Database::open(data.join("drover.db"))?;
        database.busy_timeout(Duration::from_secs(10))?;
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        disk::size(&data)
    });
    #[expect(clippy::cast_precision_loss, reason = "a directory is smaller than 2^52 bytes")]
    let size = size.await?? as f64;
    Ok(size)
}

#[expect(clippy::cast_precision_loss, reason = "a count of at most some thousands")]
fn to_f64(count: usize) -> f64 {
    count as f64
}
