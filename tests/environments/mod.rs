//! Environments (contract, workers §1).

mod create;
mod list;

/// Where environments are.
const ENVIRONMENTS: &str = "/api/v1/environments";
