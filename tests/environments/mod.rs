//! Environments (contract, workers §1).

mod create;
mod list;
mod worker_command;

/// Where environments are.
const ENVIRONMENTS: &str = "/api/v1/environments";
