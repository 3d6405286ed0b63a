//! SIGKILL of the worker whose model call hangs, until the run has been completed by another: through
//! Temporal, and over HTTP on an embedded plane. The slower of the two.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;
use tokio::time::sleep;

use super::{Bench, Fresh, Scaled, Values};
use crate::http::Connection;
use crate::load;
use crate::plane::{Job, Record, Taker, Wait};
use crate::worker::Worker;

const MODEL: &str = "hangs-once";
const GLANCE: Duration = Duration::from_millis(10);

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let bench = &*bench;
    // Beside each other: they wait most of the time.
    let (temporal, http) = tokio::try_join!(through_temporal(bench), over_http(bench))?;
    eprintln!("    {temporal:.1} s through Temporal, {http:.1} s over HTTP");
    Ok(vec![("takeover_s", temporal.max(http))])
}

async fn through_temporal(bench: &Bench) -> Result<f64> {
    let Scaled { worker, fresh, queue, job, _database } = bench.scaled(MODEL).await?;
    take_over(bench, &fresh, worker, &queue, &job, &[]).await
}

async fn over_http(bench: &Bench) -> Result<f64> {
    let fresh = bench.fresh(Record::Nothing).await?;
    let queue = fresh.plane.make_queue("http").await?;
    let from = ["--plane", "http"];
    let worker = Worker::start(&bench.stage, &fresh.plane, &fresh.models, &queue, &from).await?;
    let job = fresh.plane.make_job(MODEL, Taker::Queue(&queue)).await?;
    take_over(bench, &fresh, worker, &queue, &job, &from).await
}

/// The seconds from the kill of the one worker to the end of its run.
async fn take_over(
    bench: &Bench,
    Fresh { plane, models, .. }: &Fresh,
    first: Worker,
    queue: &str,
    job: &Job,
    flags: &[&str],
) -> Result<f64> {
    models
        .script(MODEL, &json!([{"text": "Never said.", "hang": "start"}, {"text": "Done."}]))
        .await?;
    let trigger = plane.trigger(job, 0, Wait::UntilEnd);
    let mut triggering = plane.connect().await?;
    let kill = async {
        let mut asking = Connection::open(models.address).await?;
        while models.count(&mut asking).await? == 0 {
            sleep(GLANCE).await;
        }
        // Not before: it could have taken the run.
        let second = Worker::start(&bench.stage, plane, models, queue, flags).await?;
        let began = Instant::now();
        first.process.kill().await?;
        Ok((second, began))
    };
    let (answer, (_second, began)) = tokio::try_join!(triggering.send(&trigger), kill)?;
    let elapsed = began.elapsed().as_secs_f64();
    load::check(answer, Wait::UntilEnd)?;
    Ok(elapsed)
}
