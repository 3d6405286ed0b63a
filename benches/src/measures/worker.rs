//! `drover worker` that takes from Temporal: starting, and doing nothing.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Scaled, Values};
use crate::statistics::Series;
use crate::worker::Worker;

/// Starts of which one round's value is the median.
const STARTS: usize = 5;
/// Until memory is looked at.
const IDLE: Duration = Duration::from_secs(3);

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let Scaled { worker, fresh, queue, .. } = &bench.scaled("instant").await?;
    let mut boots = vec![worker.boot.as_secs_f64()];
    while boots.len() < STARTS {
        let more = Worker::start(&bench.stage, &fresh.plane, &fresh.models, queue, &[]).await?;
        boots.push(more.boot.as_secs_f64());
        more.process.kill().await?;
    }
    tokio::time::sleep(IDLE).await;
    let idle = worker.process.resident_mib()?;
    Ok(vec![("worker_mib", idle), ("worker_boot_s", Series::of(boots).median())])
}
