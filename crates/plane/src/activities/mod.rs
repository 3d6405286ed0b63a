//! What lies between a run and a worker: which queue it goes to, what a task holds, whose leases are
//! out. Not here: the operations of workers elsewhere (`workers`).

mod agent;
mod leases;
mod queue;
mod task;

pub use agent::{AgentSpec, agent};
pub(crate) use agent::{env_vars, layers};
pub use leases::Leases;
pub use queue::{any_queue, best_queue, queue, queue_of_environment};
pub use task::{LeasedTask, lease, variables};
