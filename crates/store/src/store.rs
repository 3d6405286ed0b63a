//! The store: one writer, a pool of readers.

use std::path::Path;
use std::sync::Arc;

use drover_domain::{Doing, Error, Result};
use sea_orm::DatabaseConnection;
use sea_orm_migration::MigratorTrait;
use tokio::sync::{mpsc, oneshot};

use crate::migrations::Migrations;
use crate::sqlite;
use crate::write::{Notice, WriteSet};

/// Sets that may wait for the writer before new ones have to wait for a place.
const WAITING_WRITES: usize = 4096;

/// Hears what was committed, in commit order, before the writers of it get their answer.
/// Called on the writer's thread: it must only hand on.
pub trait Listener: Send + Sync {
    /// What was committed.
    fn committed(&self, notices: Vec<Notice>);
}

/// One set on its way to the writer.
pub(crate) struct Pending {
    pub set: WriteSet,
    pub answer: oneshot::Sender<Result<()>>,
}

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    reader: DatabaseConnection,
    writer: mpsc::Sender<Pending>,
}

impl Store {
    /// Opens (or makes) the SQLite database in a data directory: takes the directory's lock, runs
    /// migrations, starts the writer.
    ///
    /// # Errors
    /// [`Error::Conflict`] if another process owns the directory.
    pub async fn open_directory(directory: &Path, listener: Arc<dyn Listener>) -> Result<Self> {
        let database = sqlite::Database::open(directory)?;
        let migrator = database.migrator().await?;
        Migrations::up(&migrator, None).await.doing("run migrations")?;
        migrator.close().await.doing("close the migrating connection")?;
        let reader = database.reader().await?;
        let (writer, waiting) = mpsc::channel(WAITING_WRITES);
        database.start_writer(waiting, listener)?;
        Ok(Self { reader, writer })
    }

    /// The pool for reading.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// An empty set for this database.
    pub fn set(&self) -> WriteSet {
        WriteSet::new(self.reader.get_database_backend())
    }

    /// Commits a set. Answers after the commit is on disk.
    ///
    /// # Errors
    /// [`Error::Stale`] or [`Error::Conflict`] if a guard did not hold, [`Error::Unavailable`] if
    /// the disk refuses; then nothing of the set is written.
    pub async fn write(&self, set: WriteSet) -> Result<()> {
        if set.is_empty() {
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        let stopped = || Error::Unavailable("The plane is shutting down".into());
        self.writer.send(Pending { set, answer }).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}
