//! End-to-end tests over HTTP, against the real program. One binary, one shared plane of each kind, an
//! organization per test; tests that kill a plane start their own. `#[plane_test]` says on which of them
//! a test runs.
//! How to add one: a file in the area's folder, named like the operation.

// Its attribute is on most tests of most files.
#[macro_use]
extern crate plane_test;

mod harness;

mod agents;
mod approvals;
mod auth;
mod cli;
mod crash;
mod environments;
mod executions;
mod foreign;
mod isolation;
mod jobs;
mod moving;
mod operations;
mod postgres;
mod queues;
mod replicas;
mod skills;
mod temporal;
mod tools;
mod workers;
mod workflows;
