//! The workflows of runs (contract, analytics-traces-graph §5).

mod health;
mod list;
mod start;
mod steer;

/// Where workflows are.
const WORKFLOWS: &str = "/api/v1/temporal-workflows/workflows";
