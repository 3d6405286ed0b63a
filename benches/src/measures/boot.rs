//! Starting on a directory that has been used, and doing nothing.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Values};
use crate::disk;
use crate::load;
use crate::plane::{Plane, Record, Taker, Wait};
use crate::statistics::Series;

/// Starts of which one round's value is the median.
const STARTS: usize = 5;
/// Until memory is looked at.
const IDLE: Duration = Duration::from_secs(3);

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let sync = disk::sync_ms(&bench.stage.folder)?;
    let fresh = bench.fresh(Record::Nothing).await?;
    let job = fresh.plane.make_job("instant", Taker::InProcess).await?;
    load::hammer(&fresh.plane, &job, Wait::UntilEnd, 4, Duration::from_secs(1)).await?;
    fresh.plane.process.stop().await?;
    let directory = fresh.directory.path().join("data");
    let mut boots = Vec::new();
    let mut idle = f64::NAN;
    for number in 0..STARTS {
        let plane = Plane::start(&bench.stage, &directory, 0, &fresh.models).await?;
        boots.push(plane.boot.as_secs_f64());
        if number == 0 {
            tokio::time::sleep(IDLE).await;
            idle = plane.process.resident_mib()?;
        }
        plane.process.stop().await?;
    }
    Ok(vec![("boot_s", Series::of(boots).median()), ("idle_mib", idle), ("disk_sync_ms", sync)])
}
