//! From sending a trigger to an idle plane on Postgres and Temporal until the first piece of the model's
//! answer has come on a stream. What comes before that is stored by the plane itself, and says nothing
//! of the way through Temporal and the worker.

use anyhow::Result;

use super::{Bench, Values, first_event};
use crate::statistics::Series;

/// Runs that meet empty caches.
const WARM: usize = 5;

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let scaled = bench.scaled("instant").await?;
    let plane = &scaled.fresh.plane;
    let mut triggering = plane.connect().await?;
    let mut times = Vec::new();
    for number in 0..bench.size(60, 20) + WARM {
        let first = b"event: message_chunk";
        let time = first_event::once(plane, &scaled.job, number, &mut triggering, first).await?;
        if number >= WARM {
            times.push(time);
        }
    }
    Ok(vec![("scale_first_event_ms", Series::of_milliseconds(&times).median())])
}
