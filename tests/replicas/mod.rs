//! Several planes on one Postgres database, behind one address.

mod away;
mod catalogue;
mod crash;
mod keys;
mod rolling;
mod runs;
mod temporal;
mod workers;

use std::time::Duration;

use tokio::time::timeout;

use crate::harness::{Frame, Organization, Reply};

/// The longest that something may take to get from one replica to another.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until the answer is as it should be.
async fn until(org: &Organization, path: &str, is_so: impl Fn(&Reply) -> bool) -> Reply {
    let asking = async {
        loop {
            let reply = org.get(path).await;
            if is_so(&reply) {
                return reply;
            }
        }
    };
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{path} never became so"))
}

/// Follows a run to its end, coming back with the last id whenever it is told to.
async fn follow(org: &Organization, id: &str) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    while frames.last().is_none_or(|last| last.event != "done") {
        let last = frames.last().map(|last| last.id.clone());
        let told = org.stream(id, last.as_deref()).await;
        frames.extend(told.into_iter().filter(|frame| !frame.id.is_empty()));
    }
    frames
}
