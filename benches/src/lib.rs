//! Benchmarks of the shipped program, over HTTP. The plane and the model stand-in are processes of
//! their own; this one makes the load and measures.
//!
//! `figures` says what is promised, `measures` has a file for each thing that is measured, `rounds`
//! runs them interleaved, `report` prints.

pub mod figures;
pub mod report;
pub mod rounds;
pub mod servers;

mod disk;
mod fleet;
mod http;
mod load;
mod measures;
mod plane;
mod process;
mod statistics;
mod worker;
