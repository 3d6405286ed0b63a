//! 32 callers, each of which triggers a job and waits for its end before the next.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Values};
use crate::load;
use crate::plane::{Record, Taker, Wait};

const CALLERS: usize = 32;

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let fresh = bench.fresh(Record::Nothing).await?;
    let job = fresh.plane.make_job("instant", Taker::InProcess).await?;
    let seconds = Duration::from_secs(bench.size(5, 1) as u64);
    load::hammer(&fresh.plane, &job, Wait::UntilEnd, CALLERS, Duration::from_secs(1)).await?;
    let seen = load::hammer(&fresh.plane, &job, Wait::UntilEnd, CALLERS, seconds).await?;
    fresh.plane.process.kill().await?;
    Ok(vec![("jobs_per_s", seen.per_second())])
}
