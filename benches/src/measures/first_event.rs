//! From sending a trigger to an idle plane until the first stored event (a frame with an id) of that
//! run has come on a stream that is asked for as soon as the run's id is known.

use std::time::Instant;

use anyhow::{Context, Result};

use super::{Bench, Values};
use crate::http::Connection;
use crate::plane::{Job, Plane, Record, Taker, Wait};
use crate::statistics::Series;

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let fresh = bench.fresh(Record::Nothing).await?;
    let job = fresh.plane.make_job("instant", Taker::InProcess).await?;
    let mut triggering = fresh.plane.connect().await?;
    let mut times = Vec::new();
    for number in 0..bench.size(300, 50) + 10 {
        let time = once(&fresh.plane, &job, number, &mut triggering, b"\nid: ").await?;
        // The first few meet caches that are still empty.
        if number >= 10 {
            times.push(time);
        }
    }
    fresh.plane.process.kill().await?;
    Ok(vec![("first_event_ms", Series::of_milliseconds(&times).percentile(99))])
}

/// The time of one run, until these bytes come on its stream.
pub async fn once(
    plane: &Plane,
    job: &Job,
    number: usize,
    triggering: &mut Connection,
    first: &[u8],
) -> Result<std::time::Duration> {
    let request = plane.trigger(job, number, Wait::No);
    let mut following = plane.connect().await?;
    let began = Instant::now();
    let reply = triggering.send(&request).await?.expect_success()?.json()?;
    let id = reply["execution_id"].as_str().context("an execution id")?;
    let stream = plane.request("GET", &format!("/api/v1/executions/{id}/stream"), "", "");
    following.open_stream(&stream).await?;
    following.until(first).await?;
    let time = began.elapsed();
    following.until(b"event: done").await?;
    Ok(time)
}
