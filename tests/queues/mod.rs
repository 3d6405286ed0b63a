//! Worker queues (contract, workers §2).

mod create;
mod list;

/// Where an organization's queues are.
const QUEUES: &str = "/api/v1/worker-queues";

/// Where those of an environment are.
fn of_environment(environment: &str) -> String {
    format!("/api/v1/environments/{environment}/worker-queues")
}
