//! The worker: executes activities (model turns, tool calls) and nothing else. It knows the plane
//! only through [`WorkSource`] and no database at all; what a run does next is not decided here.

pub mod model;
pub mod sandbox;
pub mod tools;

mod source;
mod stream;
mod tool;
mod turn;
mod worker;

pub use source::{Lease, Leasing, WorkSource};
pub use worker::{Slots, Worker, WorkerHandle};
