//! Agents (contract, catalogue §2).

mod create;
mod delete;
mod get;
mod limits;
mod links;
mod list;
mod update;

/// Where agents are.
const AGENTS: &str = "/api/v1/agents";
