//! The wire contract: request and response structs with their limits, each operation's method,
//! path, body and reply, and the typed HTTP client over them.
//! Not here: what an operation does (`plane`).

pub mod agents;
pub mod analytics;
pub mod approvals;
pub mod auth;
pub mod check;
pub mod client;
pub mod connections;
pub mod environments;
pub mod executions;
pub mod foreign;
pub mod health;
pub mod jobs;
pub mod openapi;
pub mod organizations;
pub mod queues;
pub mod runners;
pub mod skills;
pub mod task_queues;
pub mod workers;
pub mod workflows;

mod object;
mod operation;

pub use operation::{Access, Callable, Described, NoQuery, Nothing, Operation, describe};

/// Every operation there is.
pub fn operations() -> Vec<Described> {
    [
        health::all(),
        auth::all(),
        organizations::all(),
        agents::all(),
        skills::all(),
        environments::all(),
        queues::all(),
        task_queues::all(),
        workers::all(),
        runners::all(),
        jobs::all(),
        executions::all(),
        workflows::all(),
        connections::all(),
        foreign::all(),
        analytics::all(),
        approvals::all(),
    ]
    .concat()
}
