//! The walled-off child process in which tools run: what it may read and write, how much it may use,
//! and that nothing of it outlives its call. Not here: what is run (`crate::tools`).
//!
//! How it is built: the program starts itself again ([`Launcher`]) as a *supervisor*, the leader of
//! a process group of its own. The supervisor waits for a go, which comes once the group is durably
//! recorded, raises the wall in one thread, starts the command from that thread and stays outside
//! the wall as the reaper of every orphan below it. So all descendants can be found by descent,
//! even those that left the group, the session and their environment behind; and when the server
//! dies, the supervisor's stdin ends and it takes its tree down.

pub mod child;

mod capture;
mod config;
mod error;
mod processes;
mod running;
mod service;
mod spec;
mod syscalls;
mod wall;
mod workspace;

pub use config::{Launcher, Limits, SandboxConfig, WallPolicy};
pub use error::SandboxError;
pub use processes::{is_running, kill_survivor};
pub(crate) use running::PATH;
pub use running::{CommandSpec, Ended, Finished, Waiting};
pub use service::Sandbox;
pub use wall::Wall;
pub use workspace::Workspace;
