//! One run after the other: from sending the trigger to the answer that holds the finished run.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Values};
use crate::load;
use crate::plane::{Record, Taker, Wait};
use crate::statistics::Series;

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let fresh = bench.fresh(Record::Nothing).await?;
    let job = fresh.plane.make_job("instant", Taker::InProcess).await?;
    let seconds = Duration::from_secs(bench.size(3, 1) as u64);
    load::hammer(&fresh.plane, &job, Wait::UntilEnd, 1, seconds / 3).await?;
    let seen = load::hammer(&fresh.plane, &job, Wait::UntilEnd, 1, seconds).await?;
    fresh.plane.process.kill().await?;
    Ok(vec![("job_ms", Series::of_milliseconds(&seen.times).median())])
}
