//! What can go wrong around a tool's process, as opposed to inside it.

use std::io;
use std::path::PathBuf;

/// The sandbox could not do what was asked. How the command itself fared is no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// A call of the operating system failed.
    #[error("cannot {doing}")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The kernel offers no wall and the configuration demands one.
    #[error("this kernel cannot wall off tool processes: {0}")]
    NoWall(&'static str),
    /// The folder of workspaces and a folder to be hidden contain one another.
    #[error("the workspaces in `{workspaces}` and the private folder `{hidden}` must lie apart")]
    Overlap {
        /// The folder of workspaces.
        workspaces: PathBuf,
        /// The private folder.
        hidden: PathBuf,
    },
    /// The execution's workspace is full.
    #[error("the workspace holds more than {limit} bytes or too many files; delete some first")]
    Quota {
        /// The limit in bytes.
        limit: u64,
    },
    /// The supervisor ended before the command was started.
    #[error("the sandbox's supervisor did not start; does the launcher name the right program?")]
    Launcher,
    /// Processes were killed and are still there.
    #[error("processes of an earlier try cannot be killed")]
    Unkillable,
}

/// Names the attempt at the seam where an operating system error enters.
pub(super) trait Doing<T> {
    /// Turns the error into [`SandboxError::Io`].
    fn doing(self, doing: &'static str) -> Result<T, SandboxError>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, doing: &'static str) -> Result<T, SandboxError> {
        self.map_err(|error| SandboxError::Io { doing, source: error.into() })
    }
}
