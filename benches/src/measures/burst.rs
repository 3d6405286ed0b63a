//! 500 runs triggered at once, each on its own connection; over when the last answer has come, and
//! an answer comes when its run has ended.

use anyhow::Result;

use super::{Bench, Values};
use crate::load;
use crate::plane::{Record, Taker, Wait};

/// How many.
pub const RUNS: usize = 500;

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let fresh = bench.fresh(Record::Nothing).await?;
    let plane = &fresh.plane;
    let job = plane.make_job("instant", Taker::InProcess).await?;
    let warm = plane.trigger(&job, RUNS, Wait::UntilEnd);
    load::check(plane.connect().await?.send(&warm).await?, Wait::UntilEnd)?;
    let requests = (0..RUNS).map(|number| plane.trigger(&job, number, Wait::UntilEnd)).collect();
    let (mut sent, began) = load::all_at_once(plane, requests).await?;
    while let Some(answered) = sent.join_next().await {
        let (_, answer) = answered?;
        load::check(answer?, Wait::UntilEnd)?;
    }
    let elapsed = began.elapsed().as_secs_f64();
    fresh.plane.process.kill().await?;
    Ok(vec![("burst_s", elapsed)])
}
