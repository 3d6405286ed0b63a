//! The folder an execution's tools work in: made, measured, cleared away.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::SystemTime;

use drover_domain::ExecutionId;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};

use super::error::{Doing, SandboxError};

/// Entries looked at when a workspace is measured; one with more counts as full.
const MOST_ENTRIES: usize = 200_000;

/// The folder of one execution. Only the server's user can enter it, and of its tools only those of
/// this execution.
#[derive(Debug, Clone)]
pub struct Workspace {
    execution: ExecutionId,
    files: PathBuf,
    temporary: PathBuf,
}

impl Workspace {
    /// Whose it is.
    pub fn execution(&self) -> ExecutionId {
        self.execution
    }
    /// What tools see as their home and working directory.
    pub fn files(&self) -> &Path {
        &self.files
    }
    /// The private `TMPDIR`, beside the files so that it does not show among them.
    pub fn temporary(&self) -> &Path {
        &self.temporary
    }
}

/// Makes the workspace unless it is there, notes that it is in use, and measures it.
pub(super) fn prepare(
    root: &Path,
    execution: ExecutionId,
    quota: u64,
) -> Result<Workspace, SandboxError> {
    let folder = root.join(execution.to_string());
    let workspace =
        Workspace { execution, files: folder.join("files"), temporary: folder.join("tmp") };
    let mut builder = DirBuilder::new();
    builder.mode(0o700).recursive(true);
    for path in [&workspace.files, &workspace.temporary] {
        builder.create(path).doing("create the workspace")?;
    }
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let used = Timestamps { last_access: now, last_modification: now };
    utimensat(CWD, &folder, &used, AtFlags::empty()).doing("mark the workspace as used")?;
    if is_over(&folder, quota).doing("measure the workspace")? {
        return Err(SandboxError::Quota { limit: quota });
    }
    Ok(workspace)
}

/// Removes the workspaces not prepared since `unused_since`, except those to `keep` (of executions
/// that are not over). Returns how many.
pub(super) fn sweep(
    root: &Path,
    unused_since: SystemTime,
    keep: &dyn Fn(ExecutionId) -> bool,
) -> Result<usize, SandboxError> {
    let mut removed = 0;
    for entry in fs::read_dir(root).doing("list the workspaces")? {
        let entry = entry.doing("list the workspaces")?;
        // What is not named like a workspace is not ours to remove.
        let name = entry.file_name();
        let Some(execution) = name.to_str().and_then(|name| ExecutionId::from_str(name).ok())
        else {
            continue;
        };
        let used = entry.metadata().and_then(|metadata| metadata.modified());
        if used.doing("look at a workspace")? < unused_since && !keep(execution) {
            fs::remove_dir_all(entry.path()).doing("remove a workspace")?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Adds up what is on disk, without following links, and stops once it is too much.
fn is_over(folder: &Path, quota: u64) -> io::Result<bool> {
    let (mut bytes, mut entries) = (0_u64, 0);
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let listed = match fs::read_dir(&folder) {
            Ok(listed) => listed,
            // A tool removed it meanwhile, or took away its own right to read it.
            Err(error) if is_private_matter(&error) => continue,
            Err(error) => return Err(error),
        };
        for entry in listed {
            let Ok(metadata) =
                entry.as_ref().map_err(drop).and_then(|e| e.metadata().map_err(drop))
            else {
                continue;
            };
            entries += 1;
            // Blocks, not length: a sparse file takes no space.
            bytes = bytes.saturating_add(metadata.blocks().saturating_mul(512));
            if bytes > quota || entries > MOST_ENTRIES {
                return Ok(true);
            }
            if let (true, Ok(entry)) = (metadata.is_dir(), entry) {
                open.push(entry.path());
            }
        }
    }
    Ok(false)
}

fn is_private_matter(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory
    )
}
