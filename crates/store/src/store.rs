//! The store: writers, and a pool of readers.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use drover_domain::{Doing, Error, Result};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxError};
use sea_orm_migration::MigratorTrait;
use tokio::sync::{mpsc, oneshot};

use crate::changes::Changes;
use crate::lock::DirectoryLock;
use crate::migrations::Migrations;
use crate::postgres::{Connections, Start};
use crate::write::{Notice, WriteSet};
use crate::{postgres, replicas, sqlite};

/// Sets that may wait for a writer before new ones have to wait for a place.
const WAITING_WRITES: usize = 4096;

/// Sets that a writer takes into one transaction.
pub(crate) const BATCH: usize = 256;
/// What a caller is told while the database is away.
pub const AWAY: &str = "The database does not answer; try again";

/// Hears what was committed, before the writers of it get their answer: the sets of one run in commit
/// order. Called by the writer: it must only hand on.
pub trait Listener: Send + Sync {
    /// What was committed.
    fn committed(&self, notices: Vec<Notice>);
    /// What other processes have committed. Only where several share the database.
    fn elsewhere(&self, changes: Changes);
}

/// Whether a process has the database for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody else may have it.
    Alone,
    /// Others with the same keys may have it too.
    Replica,
}

/// As what a process comes to a database.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Whether it shares it.
    pub sharing: Sharing,
    /// Tells its keys from others.
    pub fingerprint: String,
}

/// One set on its way to a writer.
pub(crate) struct Pending {
    pub set: WriteSet,
    pub answer: oneshot::Sender<Result<()>>,
}

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    reader: DatabaseConnection,
    /// One on SQLite; on Postgres several, and the sets of one run always go to the same.
    writers: Arc<[mpsc::Sender<Pending>]>,
    sharing: Sharing,
    /// Whether nobody else had the database when this process came.
    first: bool,
    /// Holds up other replicas that start.
    start: Arc<Mutex<Option<Start>>>,
}

impl Store {
    /// Opens (or makes) the SQLite database in a data directory: runs migrations, starts the writer,
    /// which holds the directory's lock as long as anything can be written.
    ///
    /// # Errors
    /// [`Error::Refused`] if its database was made by a newer program.
    pub async fn open_directory(
        directory: &Path,
        lock: DirectoryLock,
        listener: Arc<dyn Listener>,
    ) -> Result<Self> {
        let database = sqlite::Database::new(directory, lock);
        migrate(database.migrator().await?).await?;
        let reader = database.reader().await?;
        let (writer, waiting) = mpsc::channel(WAITING_WRITES);
        database.start_writer(waiting, listener)?;
        Ok(Self {
            reader,
            writers: Arc::new([writer]),
            sharing: Sharing::Alone,
            first: true,
            start: Arc::default(),
        })
    }

    /// Connects to a Postgres database: takes it for this process or shares it, runs migrations,
    /// starts the writers. Replicas start one after the other: call [`Store::started`].
    ///
    /// # Errors
    /// [`Error::Refused`] if the URL is wrong, the database cannot be connected to, it was made by
    /// a newer program, or its replicas have other keys; [`Error::Conflict`] if another plane has it.
    pub async fn connect(
        url: &str,
        connections: Connections,
        claim: &Claim,
        listener: Arc<dyn Listener>,
    ) -> Result<Self> {
        let database = postgres::Database::at(url)?;
        let owned = database.own(claim.sharing).await?;
        migrate(database.migrator().await?).await?;
        let reader = database.reader(connections).await?;
        replicas::queries::check_keys(&reader, claim.sharing, &claim.fingerprint).await?;
        let listener = match claim.sharing {
            Sharing::Alone => listener,
            Sharing::Replica => database.among_others(listener),
        };
        let lanes = (0..connections.writers.max(1)).map(|_| mpsc::channel(WAITING_WRITES));
        let (writers, waiting): (Vec<_>, Vec<_>) = lanes.unzip();
        database.start_writers(waiting, &listener);
        Ok(Self {
            reader,
            writers: writers.into(),
            sharing: claim.sharing,
            first: owned.first,
            start: Arc::new(Mutex::new(owned.start)),
        })
    }

    /// Whether other processes may write to the database too.
    pub fn is_shared(&self) -> bool {
        self.sharing == Sharing::Replica
    }

    /// Whether nobody else had the database when this process came: what is left of others is of
    /// processes that are gone.
    pub fn was_free(&self) -> bool {
        self.first
    }

    /// This process has started: the next replica may.
    pub fn started(&self) {
        self.start.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Now, in microseconds since 1970, by the clock of the database's machine; only on Postgres.
    pub async fn database_time(&self) -> Result<i64> {
        postgres::time(&self.reader).await
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
    /// the disk refuses or the database is away; then nothing of the set is written. Only where the
    /// connection broke during the commit itself it may be written all the same.
    pub async fn write(&self, set: WriteSet) -> Result<()> {
        if set.is_empty() {
            return Ok(());
        }
        let writer = &self.writers[set.lane(self.writers.len())];
        let (answer, answered) = oneshot::channel();
        let stopped = || Error::Unavailable("The plane is shutting down".into());
        writer.send(Pending { set, answer }).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

/// Whether a fault is the database being away, or not letting us in: nobody's fault but the
/// operator's, and worth another try.
pub fn is_away(error: &Error) -> bool {
    let Error::Fault { source, .. } = error else {
        return false;
    };
    match source.downcast_ref::<DbErr>() {
        Some(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => true,
        Some(
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)),
        ) => match &**error {
            SqlxError::Io(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::Tls(_) => true,
            SqlxError::Database(error) => error.code().is_some_and(|code| postgres::is_away(&code)),
            _ => false,
        },
        _ => false,
    }
}

pub(crate) async fn migrate(migrator: DatabaseConnection) -> Result<()> {
    let migrated = Migrations::up(&migrator, None).await;
    migrator.close().await.doing("close the migrating connection")?;
    migrated.map_err(|error| match &error {
        // It is how the library tells that a migration was applied that it does not know.
        DbErr::Custom(text) if text.contains("is missing") => Error::refused(
            "The database was made by a newer drover; start that one, or restore a backup",
        ),
        DbErr::Exec(_) | DbErr::Query(_) if error.to_string().contains("permission denied") => {
            Error::refused(format!(
                "The database user may not make tables ({error}); GRANT it CREATE on the schema"
            ))
        }
        _ => Error::Fault { doing: "run migrations", source: Box::new(error) },
    })
}
