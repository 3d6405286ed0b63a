//! What workers do: take activities, report on them. In process today; the same operations will
//! answer workers elsewhere.

mod agent;
mod queue;
mod task;

pub use agent::{AgentSpec, agent};
pub use queue::{any_queue, queue, queue_of_environment};
pub use task::{LeasedTask, lease};
