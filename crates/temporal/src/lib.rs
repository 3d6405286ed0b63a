//! Temporal: the engine's workflows, and the work source of workers on task queues. The only crate
//! that sees the SDK.
//!
//! What a run does next is decided where its rows are (`engine`); a workflow drives it: it has workers
//! execute activities, survives the loss of any process, and is told by signals what no worker reports.
//! Histories hold ids and times, never a prompt, an answer or a secret: workers get those from the
//! plane. (The foreign worker's own workflow is another matter: it is handed what its contract says.)
//! Not here: what has to be told and when (`engine/src/teller.rs`).

mod failure;
mod inbox;
mod payload;
mod place;
mod task_queues;
mod workflow;
mod workflows;

pub use inbox::Arrived;
pub use payload::write;
pub use place::Place;
pub use task_queues::{TaskQueues, host};
pub use workflow::{Begin, Given, RUN, RunWorkflow};
pub use workflows::{TASK_QUEUE, Temporal, workflow_id};
