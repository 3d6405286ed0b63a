//! Environments (contract, workers §1).

mod create;
mod delete;
mod list;
mod task_queues;
mod update;
mod worker_command;

/// Where environments are.
const ENVIRONMENTS: &str = "/api/v1/environments";
