//! One run after the other on an embedded plane, executed by a worker that speaks HTTP alone: from
//! sending the trigger to the answer that holds the finished run.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Values};
use crate::load;
use crate::plane::{Record, Taker, Wait};
use crate::statistics::Series;
use crate::worker::Worker;

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let fresh = bench.fresh(Record::Nothing).await?;
    let plane = &fresh.plane;
    let queue = plane.make_queue("http").await?;
    let from = ["--plane", "http"];
    let worker = Worker::start(&bench.stage, plane, &fresh.models, &queue, &from).await?;
    let job = plane.make_job("instant", Taker::Queue(&queue)).await?;
    let seconds = Duration::from_secs(bench.size(3, 1) as u64);
    load::hammer(plane, &job, Wait::UntilEnd, 1, seconds / 3).await?;
    let seen = load::hammer(plane, &job, Wait::UntilEnd, 1, seconds).await?;
    worker.process.kill().await?;
    Ok(vec![("http_job_ms", Series::of_milliseconds(&seen.times).median())])
}
