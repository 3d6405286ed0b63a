//! The lock of a data directory.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use drover_domain::{Doing, Error, Result};

/// The file whose lock says that a process owns the data directory.
pub const LOCK_FILE: &str = "lock";

/// Says that this process owns a data directory, until it is dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the directory, which is made (0700) if it is not there.
    ///
    /// # Errors
    /// [`Error::Conflict`] if another process owns it.
    pub fn take(directory: &Path) -> Result<Self> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .create(directory)
            .doing("make the data directory")?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(directory.join(LOCK_FILE))
            .doing("open the lock of the data directory")?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(Error::conflict(format!(
                "The data directory `{}` is in use by another drover process",
                directory.display()
            ))),
            Err(std::fs::TryLockError::Error(error)) => Err(error).doing("lock the data directory"),
        }
    }
}
