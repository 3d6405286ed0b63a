//! The control plane: an area a folder, an operation a file (handler and operation).
//!
//! The way of a request: `routes` authenticates and checks the role, extractor [`Caller`] hands the
//! handler its [`Ctx`], the handler translates and calls the operation beside it, the operation
//! reads, decides with a rule of `domain`, fills a `WriteSet` and commits it.
//! Invariants: no database driver here; every query takes the organization; HTTP statuses are
//! chosen in `error` alone.

pub mod activities;
pub mod agents;
pub mod analytics;
pub mod approvals;
pub mod auth;
pub mod connections;
pub mod environments;
pub mod executions;
pub mod foreign;
pub mod health;
pub mod jobs;
pub mod organizations;
pub mod queues;
pub mod runners;
pub mod skills;
pub mod task_queues;
pub mod workers;
pub mod workflows;

mod cache;
mod ctx;
mod error;
mod extract;
mod keys;
mod log;
mod plane;
mod routes;
mod seed;

pub use auth::MovedKeys;
pub use ctx::Ctx;
pub use error::{Failure, Reply};
pub use extract::{Body, Caller, Id, Query};
pub use keys::{PublicKey, SigningKey};
pub use plane::{Parts, Plane, Settings, TemporalPlace};
pub use routes::{Routes, openapi, router};
pub use seed::read_seed;
