//! Load: callers on connections of their own.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::task::JoinSet;

use crate::http::{Answer, Connection};
use crate::plane::{Job, Plane, Wait};
use crate::process::used_here;

/// What callers saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// How long each call took.
    pub times: Vec<Duration>,
    /// How long all of it took.
    pub elapsed: Duration,
}

impl Seen {
    /// Calls per second.
    pub fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "there are fewer calls than 2^52")]
        let calls = self.times.len() as f64;
        calls / self.elapsed.as_secs_f64()
    }
}

/// So many callers trigger a job, each again as soon as it is answered, for a while.
pub async fn hammer(
    plane: &Plane,
    job: &Job,
    wait: Wait,
    callers: usize,
    lasting: Duration,
) -> Result<Seen> {
    let mut connections = Vec::with_capacity(callers);
    for _ in 0..callers {
        connections.push(plane.connect().await?);
    }
    let (plane_before, here_before) = (plane.process.used()?, used_here()?);
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, connection) in connections.into_iter().enumerate() {
        tasks.spawn(call_until(
            connection,
            plane.trigger(job, number, wait),
            wait,
            began + lasting,
        ));
    }
    let mut seen = Seen::default();
    while let Some(times) = tasks.join_next().await {
        seen.times.append(&mut times??);
    }
    seen.elapsed = began.elapsed();
    // Beside a busy neighbour this says more than the time on the clock.
    let calls = u32::try_from(seen.times.len())?.max(1);
    eprintln!(
        "    {calls} calls, each {:.1?} of processor time in the plane and {:.1?} here",
        (plane.process.used()? - plane_before) / calls,
        (used_here()? - here_before) / calls,
    );
    Ok(seen)
}

async fn call_until(
    mut connection: Connection,
    request: Vec<u8>,
    wait: Wait,
    end: Instant,
) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    loop {
        let began = Instant::now();
        if began >= end {
            return Ok(times);
        }
        let answer = connection.send(&request).await?;
        times.push(began.elapsed());
        check(answer, wait)?;
    }
}

/// Every request at once, each on its own connection; the answers in the order of the requests.
pub async fn all_at_once(
    plane: &Plane,
    requests: Vec<Vec<u8>>,
) -> Result<(JoinSet<Sent>, Instant)> {
    let mut connections = Vec::with_capacity(requests.len());
    for _ in 0..requests.len() {
        connections.push(plane.connect().await?);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, (mut connection, request)) in connections.into_iter().zip(requests).enumerate() {
        tasks.spawn(async move { (number, connection.send(&request).await) });
    }
    Ok((tasks, began))
}

/// A request's number and its answer.
pub type Sent = (usize, Result<Answer>);

/// Fails unless the trigger was accepted and, where it was waited for, the run completed.
pub fn check(answer: Answer, wait: Wait) -> Result<()> {
    let answer = answer.expect_success()?;
    let completed = br#""status":"completed""#;
    let has_completed = || answer.body.windows(completed.len()).any(|window| window == completed);
    if wait == Wait::UntilEnd && !has_completed() {
        bail!("a run did not complete: {}", String::from_utf8_lossy(&answer.body));
    }
    Ok(())
}
