//! A writer: what is waiting becomes one transaction, and everybody gets their answer.

use std::sync::Arc;
use std::time::Duration;

use drover_domain::{Error, Result};
use tokio::sync::mpsc;
use tokio_postgres::error::SqlState;

use super::address::{Address, cannot_connect};
use super::transaction::Connection;
use crate::store::{AWAY, BATCH, Listener, Pending};
use crate::write::WriteSet;

/// How often a set that met a deadlock is tried.
const TRIES: usize = 4;
/// How long a transaction may take before the server counts as gone: longer than every limit that the
/// server itself keeps.
const PATIENCE: Duration = Duration::from_secs(30);

/// One of the writers.
pub(super) struct Lane {
    address: Address,
    connection: Option<Connection>,
    listener: Arc<dyn Listener>,
}

pub(super) type Failed = crate::write::Failed<tokio_postgres::Error>;

impl Lane {
    /// A writer that is not connected yet.
    pub fn new(address: Address, listener: Arc<dyn Listener>) -> Self {
        Self { address, connection: None, listener }
    }

    /// Writes until every handle on the store is gone.
    pub async fn run(mut self, mut waiting: mpsc::Receiver<Pending>) {
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            self.commit(&mut batch).await;
        }
    }

    /// Commits a batch and answers every set of it.
    async fn commit(&mut self, batch: &mut Vec<Pending>) {
        let mut sets: Vec<&WriteSet> = batch.iter().map(|pending| &pending.set).collect();
        // Rows of runs are locked in the order of the runs' ids, here as in every lane: two of them
        // may wait for each other, and never in a circle. The sets of one run stay in their order.
        sets.sort_by_key(|set| set.run().map(|run| run.0));
        let written = self.write(&sets).await;
        // Nobody waits where an answer is not taken: the write stands, as it would after a crash.
        match written {
            Ok(()) => {
                for pending in batch.drain(..) {
                    let _gone = pending.answer.send(Ok(()));
                }
            }
            // Whatever it was, it says nothing of any one set.
            Err(failed) if self.connection.is_none() => {
                tracing::debug!(error = %failed, "a batch is refused");
                for pending in batch.drain(..) {
                    let _gone = pending.answer.send(Err(Error::Unavailable(AWAY.into())));
                }
            }
            Err(failed) if batch.len() == 1 && !failed.is_collision() => {
                if let Some(pending) = batch.pop() {
                    let _gone = pending.answer.send(Err(failed.into_error()));
                }
            }
            Err(_) => {
                for pending in batch.drain(..) {
                    let outcome = self.write_one(&pending.set).await;
                    let _gone = pending.answer.send(outcome);
                }
            }
        }
    }

    async fn write_one(&mut self, set: &WriteSet) -> Result<()> {
        let mut tries = 1;
        loop {
            match self.write(&[set]).await {
                Ok(()) => return Ok(()),
                Err(failed) if failed.is_collision() && tries < TRIES => tries += 1,
                Err(failed) => return Err(failed.into_error()),
            }
        }
    }

    /// Writes sets in one transaction and tells what was committed.
    async fn write(&mut self, sets: &[&WriteSet]) -> Result<(), Failed> {
        let connection = match &mut self.connection {
            Some(connection) if !connection.is_closed() => connection,
            gone => {
                let client = self.address.connect().await.map_err(|error| {
                    tracing::warn!(error = %cannot_connect(&error), "a write has to be refused");
                    Failed::Guard(Error::Unavailable(AWAY.into()))
                })?;
                gone.insert(Connection::of(client))
            }
        };
        let transaction = tokio::time::timeout(PATIENCE, connection.transaction(sets)).await;
        let Ok(result) = transaction else {
            tracing::warn!("the database does not answer; its connection is given up");
            self.connection = None;
            return Err(Failed::Guard(Error::Unavailable(AWAY.into())));
        };
        match result {
            Ok(notices) => {
                if !notices.is_empty() {
                    self.listener.committed(notices);
                }
                Ok(())
            }
            Err(failed) => {
                if let Err(error) = connection.roll_back().await {
                    tracing::debug!(%error, "a transaction ended with its connection");
                    self.connection = None;
                }
                Err(failed)
            }
        }
    }
}

impl Failed {
    /// Whether it was met by another transaction, and would pass when tried again.
    fn is_collision(&self) -> bool {
        let collisions = [
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::LOCK_NOT_AVAILABLE,
        ];
        matches!(self, Self::Sql(error) if error.code().is_some_and(|code| collisions.contains(code)))
    }

    fn into_error(self) -> Error {
        let error = match self {
            Self::Guard(error) => return error,
            Self::Sql(error) => error,
        };
        let Some(code) = error.code() else {
            // Without a code it did not come from the database: the connection is gone.
            return Error::Unavailable(AWAY.into());
        };
        // Classes of SQLSTATE (PostgreSQL, appendix A): 40 and 55 collide with others, 58 has trouble
        // with its own system; 25006 reads only.
        let refuses = ["40", "55", "58"].contains(&&code.code()[..2])
            || *code == SqlState::READ_ONLY_SQL_TRANSACTION;
        if refuses || super::is_away(code.code()) {
            tracing::error!(error = %error, "the database refuses writes");
            return Error::Unavailable("The database refuses writes for now; try again".into());
        }
        Error::Fault { doing: "write to the database", source: Box::new(error) }
    }
}
