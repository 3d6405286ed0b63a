//! How a command ends: the documented exit codes, and errors as a person reads them.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use drover_wire::client::ClientError;

/// The exit codes, as `drover --help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Done = 0,
    /// It could not be done here: data directory in use, port taken, disk, …
    Failed = 1,
    /// The command line, the environment or `drover.toml` is wrong.
    Usage = 2,
    /// The plane refused: not found, not allowed, invalid.
    Refused = 3,
    /// The plane does not answer.
    Unreachable = 4,
    /// The run that was followed or waited for failed or was cancelled.
    RunFailed = 5,
    /// The file of an export is damaged, changed or of a newer drover.
    BadFile = 6,
    /// Ctrl-C.
    Interrupted = 130,
}

/// Ends the long help of `drover`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    all went well
  1    it could not be done here: data directory in use, port taken, disk full
  2    the command line, a DROVER_* variable or drover.toml is wrong
  3    the plane refused: not found, not allowed, invalid, there already
  4    the plane does not answer
  5    the run that was followed or waited for failed or was cancelled
  6    the file of an export is damaged, changed or of a newer drover
  130  interrupted with Ctrl-C";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a command answers.
pub type Outcome = Result<Exit, CommandError>;

/// Why a command failed: one sentence without a period, and what to do about it.
#[derive(Debug)]
pub struct CommandError {
    /// How the process ends.
    pub exit: Exit,
    message: String,
    hint: Option<String>,
}

impl CommandError {
    /// It could not be done here.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), hint: None }
    }
    /// Something on the command line, in the environment or in `drover.toml` is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hint: None }
    }
    /// The plane refused.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, message: message.into(), hint: None }
    }
    /// A file of an export cannot be taken: what is wrong, and what to do.
    pub fn bad_file(path: &Path, fault: &str) -> Self {
        let message = format!("`{}` cannot be imported: {fault}", path.display());
        Self { exit: Exit::BadFile, message, hint: None }
    }
    /// The plane does not answer.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self { exit: Exit::Unreachable, message: message.into(), hint: None }
    }
    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
    /// What to do about it.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
    /// The reader of our output went away, as `head` does: nothing to complain about.
    pub fn is_closed_pipe(&self) -> bool {
        self.exit == Exit::Done
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        let message = error.to_string();
        match error {
            ClientError::Refused { status: 401, .. } => Self {
                exit: Exit::Refused,
                message,
                hint: Some("set `DROVER_API_KEY` to a key of this plane".to_owned()),
            },
            ClientError::Refused { status, .. } if status < 500 => {
                Self { exit: Exit::Refused, message, hint: None }
            }
            ClientError::Refused { .. } => Self::failed(message),
            ClientError::Unreachable { .. } => Self::unreachable(message)
                .hint("start a plane with `drover dev`, or point `DROVER_URL` at a running one"),
        }
    }
}

impl From<drover_domain::Error> for CommandError {
    fn from(error: drover_domain::Error) -> Self {
        Self::failed(chain(&error))
    }
}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format!("{error:#}"))
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        let exit = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::Done,
            _ => Exit::Failed,
        };
        Self { exit, message: error.to_string(), hint: None }
    }
}

impl From<serde_json::Error> for CommandError {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

/// An error and its causes, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_planes_answers_become_exit_codes() {
        let refused = |status| {
            CommandError::from(ClientError::Refused { status, detail: json!("Job not found") }).exit
        };
        assert_eq!(refused(404), Exit::Refused);
        assert_eq!(refused(422), Exit::Refused);
        assert_eq!(refused(503), Exit::Failed);
        let silent = ClientError::Unreachable { url: "http://x".into(), why: "refused".into() };
        assert_eq!(CommandError::from(silent).exit, Exit::Unreachable);
    }

    #[test]
    fn every_code_is_in_the_help() {
        use Exit::{Done, Failed, Interrupted, Refused, RunFailed, Unreachable, Usage};
        for exit in [Done, Failed, Usage, Refused, Unreachable, RunFailed, Interrupted] {
            let line = format!("\n  {:<5}", exit as u8);
            assert!(EXIT_CODES.contains(&line), "{exit:?}");
        }
    }
}
