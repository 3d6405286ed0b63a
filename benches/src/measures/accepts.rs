//! Durable accepts: triggers of a job whose queue has no worker, from 32 connections.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Values};
use crate::load;
use crate::plane::{Record, Taker, Wait};
use crate::statistics::Series;

const CONNECTIONS: usize = 32;

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let fresh = bench.fresh(Record::Nothing).await?;
    let job = fresh.plane.make_job("instant", Taker::Nobody).await?;
    let seconds = |real, quick| Duration::from_secs(bench.size(real, quick) as u64);
    load::hammer(&fresh.plane, &job, Wait::No, CONNECTIONS, seconds(1, 1)).await?;
    let seen = load::hammer(&fresh.plane, &job, Wait::No, CONNECTIONS, seconds(5, 1)).await?;
    fresh.plane.process.kill().await?;
    Ok(vec![
        ("accepts_per_s", seen.per_second()),
        ("accepts_p99_ms", Series::of_milliseconds(&seen.times).percentile(99)),
    ])
}
