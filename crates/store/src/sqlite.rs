//! Everything that is SQLite's: files, pragmas, and the one writer with group commit.
//!
//! The writer takes what is waiting into one transaction, without any artificial wait. If a
//! statement fails or a guard does not hold, the batch is rolled back and replayed with a savepoint
//! for each set, so a bad write never fails its neighbours.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use drover_domain::executions::StoredEvent;
use drover_domain::{Doing, Error, ExecutionId, Result, micros};
use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sea_orm::{DatabaseConnection, SqlxSqliteConnector, Value};
use tokio::sync::mpsc;

use crate::lock::DirectoryLock;
use crate::store::{BATCH, Listener, Pending};
use crate::write::{Broken, Entry, Guard, Notice, Step, WriteSet};

/// The database's name in a data directory.
pub const DATABASE_FILE: &str = "drover.db";
/// Connections for reading.
const READERS: u32 = 4;
/// Prepared statements kept by the writer; the hot path has about twenty shapes.
const STATEMENTS: usize = 256;

pub(crate) struct Database {
    file: PathBuf,
    lock: DirectoryLock,
}

impl Database {
    /// The database in a directory that this process owns.
    pub fn new(directory: &Path, lock: DirectoryLock) -> Self {
        Self { file: directory.join(DATABASE_FILE), lock }
    }

    /// A single connection that may change the schema.
    pub async fn migrator(&self) -> Result<DatabaseConnection> {
        self.pool(1, self.options().create_if_missing(true)).await
    }

    /// The pool for reading; it cannot write.
    pub async fn reader(&self) -> Result<DatabaseConnection> {
        self.pool(READERS, self.options().read_only(true)).await
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.file)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .busy_timeout(std::time::Duration::from_secs(5))
    }

    async fn pool(&self, size: u32, options: SqliteConnectOptions) -> Result<DatabaseConnection> {
        let pool = SqlitePoolOptions::new()
            .max_connections(size)
            .min_connections(1)
            .connect_with(options)
            .await
            .doing("open the database")?;
        Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
    }

    /// Starts the writer's thread; it ends when every handle on the store is gone.
    pub fn start_writer(
        self,
        waiting: mpsc::Receiver<Pending>,
        listener: Arc<dyn Listener>,
    ) -> Result<()> {
        let connection = Connection::open(&self.file).doing("open the database for writing")?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 1000;
                 PRAGMA journal_size_limit = 67108864;",
            )
            .doing("prepare the database for writing")?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let writer = Writer { connection, listener, _lock: self.lock };
        thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(waiting))
            .doing("start the writer")?;
        Ok(())
    }
}

struct Writer {
    connection: Connection,
    listener: Arc<dyn Listener>,
    /// Held as long as anything can be written.
    _lock: DirectoryLock,
}

impl Writer {
    fn run(self, mut waiting: mpsc::Receiver<Pending>) {
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.blocking_recv_many(&mut batch, BATCH) > 0 {
            self.commit(&mut batch);
        }
    }

    /// Commits a batch and answers every set of it.
    fn commit(&self, batch: &mut Vec<Pending>) {
        let mut notices = Vec::new();
        let whole = self.transaction(|| {
            for pending in &*batch {
                self.apply(&pending.set, &mut notices)?;
            }
            Ok(())
        });
        if whole.is_ok() {
            self.tell(notices);
            for pending in batch.drain(..) {
                // Nobody waits any more: the write stands, as it would after a crash.
                let _gone = pending.answer.send(Ok(()));
            }
            return;
        }
        self.replay(batch);
    }

    /// Commits the sets of a batch that can be, each under a savepoint of its own.
    fn replay(&self, batch: &mut Vec<Pending>) {
        let mut notices = Vec::new();
        let mut outcomes: Vec<Result<(), Failed>> = Vec::with_capacity(batch.len());
        let whole = self.transaction(|| {
            notices.clear();
            outcomes.clear();
            for pending in &*batch {
                self.connection.execute_batch("SAVEPOINT one")?;
                let mut told = Vec::new();
                let outcome = self.apply(&pending.set, &mut told);
                match &outcome {
                    Ok(()) => {
                        self.connection.execute_batch("RELEASE one")?;
                        notices.append(&mut told);
                    }
                    // A full disk may have rolled the whole transaction back already.
                    Err(_) if self.connection.is_autocommit() => return outcome,
                    Err(_) => self.connection.execute_batch("ROLLBACK TO one; RELEASE one")?,
                }
                outcomes.push(outcome);
            }
            Ok(())
        });
        match whole {
            Ok(()) => {
                self.tell(notices);
                for (pending, outcome) in batch.drain(..).zip(outcomes) {
                    let _gone = pending.answer.send(outcome.map_err(Failed::into_error));
                }
            }
            Err(failed) => {
                let text = failed.to_string();
                for pending in batch.drain(..) {
                    let error = match &failed {
                        Failed::Sql(error) => refused(error, &text),
                        Failed::Guard(_) => Error::fault("commit", text.clone()),
                    };
                    let _gone = pending.answer.send(Err(error));
                }
            }
        }
    }

    fn transaction(&self, body: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let result = body().and_then(|()| {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(())
        });
        if result.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        result
    }

    fn apply(&self, set: &WriteSet, notices: &mut Vec<Notice>) -> Result<(), Failed> {
        for step in &set.steps {
            match step {
                Step::Run { sql, values, guard } => self.run_statement(sql, values, guard)?,
                Step::Append { execution, events, at, first } => {
                    let stored = self.append(*execution, events, *at, *first)?;
                    notices.push(Notice::Events { execution: *execution, events: stored });
                }
            }
        }
        notices.extend(set.notices.iter().cloned());
        Ok(())
    }

    fn run_statement(&self, sql: &str, values: &[Value], guard: &Guard) -> Result<(), Failed> {
        let mut prepared = self.connection.prepare_cached(sql)?;
        let values = values.iter().map(Parameter);
        let changed = prepared.execute(rusqlite::params_from_iter(values));
        guard.check(changed.map(|rows| rows as u64), broken)
    }

    fn append(
        &self,
        execution: ExecutionId,
        events: &[Entry],
        at: Timestamp,
        first: bool,
    ) -> Result<Vec<StoredEvent>, Failed> {
        let count = i64::try_from(events.len()).map_err(|_| Failed::Guard(Error::Stale))?;
        let last: i64 = if first {
            self.connection
                .prepare_cached(
                    "INSERT INTO execution_heads (execution_id, last_seq) VALUES (?, ?)",
                )?
                .execute((execution.0.as_bytes(), count))?;
            count
        } else {
            self.connection
                .prepare_cached(
                    "UPDATE execution_heads SET last_seq = last_seq + ? WHERE execution_id = ? RETURNING last_seq",
                )?
                .query_row((count, execution.0.as_bytes()), |row| row.get(0))
                .map_err(|error| match error {
                    // The run was deleted meanwhile.
                    rusqlite::Error::QueryReturnedNoRows => Failed::Guard(Error::Stale),
                    error => error.into(),
                })?
        };
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO execution_events (execution_id, seq, kind, data, at) VALUES (?, ?, ?, ?, ?)",
        )?;
        let mut stored = Vec::with_capacity(events.len());
        for (seq, event) in (last - count + 1..).zip(events) {
            insert.execute((
                execution.0.as_bytes(),
                seq,
                event.kind.code(),
                &*event.data,
                micros(at),
            ))?;
            stored.push(StoredEvent { seq, kind: event.kind, data: event.data.clone(), at });
        }
        Ok(stored)
    }

    fn tell(&self, notices: Vec<Notice>) {
        if !notices.is_empty() {
            self.listener.committed(notices);
        }
    }
}

type Failed = crate::write::Failed<rusqlite::Error>;

impl Failed {
    fn into_error(self) -> Error {
        match self {
            Self::Guard(error) => error,
            Self::Sql(error) => {
                let text = error.to_string();
                refused(&error, &text)
            }
        }
    }
}

/// A disk that is full or read-only is the operator's to mend; anything else is our fault.
fn refused(error: &rusqlite::Error, text: &str) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure) => {
            tracing::error!(error = text, "the disk refuses writes");
            Error::Unavailable("The disk refuses writes; free space and try again".into())
        }
        _ => Error::fault("write to the database", text),
    }
}

fn broken(error: &rusqlite::Error) -> Option<Broken> {
    use rusqlite::ffi::{
        SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE,
    };
    match error.sqlite_error()?.extended_code {
        SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE => Some(Broken::Unique),
        SQLITE_CONSTRAINT_FOREIGNKEY => Some(Broken::Parent),
        _ => None,
    }
}

/// A SeaORM value as rusqlite takes it; the forms are those of SeaORM's own SQLite reader.
struct Parameter<'a>(&'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        fn borrowed<'a>(value: ValueRef<'a>) -> ToSqlOutput<'a> {
            ToSqlOutput::Borrowed(value)
        }
        fn integer<'a>(value: Option<impl Into<i64>>) -> ToSqlOutput<'a> {
            ToSqlOutput::Owned(value.map_or(SqlValue::Null, |n| SqlValue::Integer(n.into())))
        }
        Ok(match self.0 {
            Value::Bool(value) => integer(*value),
            Value::TinyInt(value) => integer(*value),
            Value::SmallInt(value) => integer(*value),
            Value::Int(value) => integer(*value),
            Value::BigInt(value) => integer(*value),
            Value::TinyUnsigned(value) => integer(*value),
            Value::SmallUnsigned(value) => integer(*value),
            Value::Unsigned(value) => integer(*value),
            Value::BigUnsigned(value) => integer(
                value
                    .map(i64::try_from)
                    .transpose()
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?,
            ),
            Value::Float(value) => {
                ToSqlOutput::Owned(value.map_or(SqlValue::Null, |n| SqlValue::Real(n.into())))
            }
            Value::Double(value) => {
                ToSqlOutput::Owned(value.map_or(SqlValue::Null, SqlValue::Real))
            }
            Value::String(value) => borrowed(
                value.as_ref().map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())),
            ),
            Value::Bytes(value) => {
                borrowed(value.as_ref().map_or(ValueRef::Null, |bytes| ValueRef::Blob(bytes)))
            }
            Value::Uuid(value) => {
                borrowed(value.as_ref().map_or(ValueRef::Null, |id| ValueRef::Blob(id.as_bytes())))
            }
            Value::Json(value) => ToSqlOutput::Owned(
                value.as_ref().map_or(SqlValue::Null, |json| SqlValue::Text(json.to_string())),
            ),
            other => {
                let text = format!("no SQLite form for {other:?}");
                return Err(rusqlite::Error::ToSqlConversionFailure(text.into()));
            }
        })
    }
}
