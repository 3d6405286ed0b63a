//! End-to-end tests over HTTP, against the real program. One binary, one shared plane, an
//! organization per test; tests that kill a plane start their own.
//! How to add one: a file in the area's folder, named like the operation.

mod harness;

mod auth;
mod crash;
mod executions;
mod jobs;
