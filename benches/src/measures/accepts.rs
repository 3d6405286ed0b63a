//! Durable accepts: triggers of a job whose queue has no worker, from 32 connections.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, Fresh, Values};
use crate::load::{self, Seen};
use crate::plane::{Record, Taker, Wait};
use crate::statistics::Series;

const CONNECTIONS: usize = 32;

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let fresh = bench.fresh(Record::Nothing).await?;
    let seen = accept(bench, fresh).await?;
    Ok(vec![("accepts_per_s", seen.per_second()), ("accepts_p99_ms", p99_ms(&seen))])
}

/// The same on Postgres.
pub async fn on_postgres(bench: &mut Bench) -> Result<Values> {
    let database = bench.servers.database()?;
    let variables = [("DROVER_DATABASE_URL", &*database.url)];
    let fresh = bench.fresh_with(Record::Nothing, &variables).await?;
    let seen = accept(bench, fresh).await?;
    Ok(vec![("pg_accepts_per_s", seen.per_second()), ("pg_accepts_p99_ms", p99_ms(&seen))])
}

async fn accept(bench: &Bench, fresh: Fresh) -> Result<Seen> {
    let job = fresh.plane.make_job("instant", Taker::Nobody).await?;
    let seconds = |real, quick| Duration::from_secs(bench.size(real, quick) as u64);
    load::hammer(&fresh.plane, &job, Wait::No, CONNECTIONS, seconds(1, 1)).await?;
    let seen = load::hammer(&fresh.plane, &job, Wait::No, CONNECTIONS, seconds(5, 1)).await?;
    fresh.plane.process.kill().await?;
    Ok(seen)
}

fn p99_ms(seen: &Seen) -> f64 {
    Series::of_milliseconds(&seen.times).percentile(99)
}
