//! What the server tells a supervisor: one line of JSON on its stdin, then [`GO`], then the bytes of
//! the command's stdin. The pipe stays open; its end means that the server is gone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::config::Limits;

/// The line that opens the gate.
pub(super) const GO: &str = "go\n";
/// Exit code of a supervisor that could not raise the wall or start its threads.
pub(super) const FAILED: u8 = 125;
/// Exit code when the program is there and cannot be run, as shells have it.
pub(super) const CANNOT_RUN: u8 = 126;
/// Exit code when the program is not there, as shells have it.
pub(super) const NOT_FOUND: u8 = 127;

/// The command and its walls.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Spec {
    /// The program, a path or a name looked up in the `PATH` of `env`.
    pub(super) program: String,
    /// Its arguments.
    pub(super) args: Vec<String>,
    /// Where it starts.
    pub(super) cwd: PathBuf,
    /// Its whole environment. Sent here and not as the supervisor's own: a run's `LD_PRELOAD` must
    /// not reach a process outside the wall.
    pub(super) env: BTreeMap<String, String>,
    /// Length of its stdin, which follows the go; `None` for an empty one.
    pub(super) stdin: Option<u64>,
    /// Folders and files it may read and execute.
    pub(super) readable: Vec<PathBuf>,
    /// Folders it may also write.
    pub(super) writable: Vec<PathBuf>,
    /// Limits of each process.
    pub(super) limits: Limits,
    /// Whether to run without a wall where the kernel has none.
    pub(super) wall_optional: bool,
}
