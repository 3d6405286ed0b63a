//! Worker queues (contract, workers §2).

mod create;
mod delete;
mod ephemeral;
mod install_script;
mod list;
mod metrics;
mod update;
mod workflows;

use std::time::Duration;

use tokio::time::timeout;

use crate::harness::{Organization, Reply};

/// The longest wait for something to become so.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where an organization's queues are.
const QUEUES: &str = "/api/v1/worker-queues";

/// Where those of an environment are.
fn of_environment(environment: &str) -> String {
    format!("/api/v1/environments/{environment}/worker-queues")
}

/// Asks until the answer is so.
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
