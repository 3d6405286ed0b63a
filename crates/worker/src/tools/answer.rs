//! How a call ends: with a text for the model, or with a failure of the activity.

use std::error::Error;

use crate::sandbox::{Ended, Finished, SandboxError};

/// A tool call could not be carried out at all: the activity failed, and another try may help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolboxError {
    /// The caller could not record the tool's process, so it was not run.
    #[error("cannot record the tool's process")]
    Record(#[source] Box<dyn Error + Send + Sync>),
    /// The sandbox failed.
    #[error("cannot run the tool in its sandbox")]
    Sandbox(#[source] SandboxError),
}

/// Why there is no output.
#[derive(Debug)]
pub(super) enum Stop {
    /// For the model: refused, or tried and gone wrong.
    Refused(String),
    /// For the worker.
    Failed(ToolboxError),
}

impl Stop {
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self::Refused(text.into())
    }
}

impl From<SandboxError> for Stop {
    fn from(error: SandboxError) -> Self {
        match error {
            // The one that the model can do something about.
            SandboxError::Quota { .. } => Self::Refused(error.to_string()),
            error => Self::Failed(ToolboxError::Sandbox(error)),
        }
    }
}

/// A tool's output, or why there is none.
pub(super) type Answer = Result<String, Stop>;

/// Turns the end of a process into an answer; on success the output is `shown`.
pub(super) fn report(
    program: &str,
    finished: Finished,
    shown: impl FnOnce(&str) -> String,
) -> Answer {
    let how = match finished.ended {
        Ended::Code(0) => return Ok(shown(&finished.stdout)),
        Ended::Code(127) if finished.stderr.starts_with("sandbox: ") => {
            format!("`{program}` is not installed in the sandbox.")
        }
        Ended::Code(code) => format!("`{program}` failed with exit code {code}."),
        Ended::TimedOut => format!("`{program}` did not end in time and was killed."),
    };
    let mut text = how;
    for (name, stream) in [("stderr", finished.stderr), ("stdout", finished.stdout)] {
        if !stream.is_empty() {
            text.push_str(&format!("\n{name}:\n{stream}"));
        }
    }
    Err(Stop::Refused(text))
}
