//! Everything that is Postgres's: connections, the lock of the plane, writers with group commit, and
//! what replicas tell each other.
//!
//! Writers are lanes: all sets of one run go through the same lane, so that its entries are told in
//! the order in which they were committed, while lanes commit beside each other. A lane takes what is
//! waiting into one transaction, without any artificial wait, and sends its statements in one go
//! (pipelining), so that a batch costs three or four round trips however large it is. Reading goes
//! through SeaORM's pool like everywhere; its driver sends one statement at a time, hence the second
//! driver here.

mod address;
mod lane;
mod notify;
mod ownership;
mod parameter;
mod transaction;

use std::sync::Arc;

use drover_domain::{Doing, Result};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqlxPostgresConnector, Statement,
};
use tokio::sync::mpsc;

use self::address::{Address, CONNECT};
use self::lane::Lane;
use crate::store::{Listener, Pending};

pub(crate) use self::ownership::Start;

/// A Postgres database, not yet connected to.
pub(crate) struct Database {
    address: Address,
    options: PgConnectOptions,
}

/// How many connections are used.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    /// For reading.
    pub readers: u32,
    /// For writing.
    pub writers: usize,
}

impl Default for Connections {
    fn default() -> Self {
        Self { readers: 8, writers: 4 }
    }
}

impl Database {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`Error::Refused`] with what would be right.
    pub fn at(url: &str) -> Result<Self> {
        let (address, options) = Address::read(url)?;
        Ok(Self { address, options })
    }

    /// A single connection that may change the schema, without the time limits of the others.
    pub async fn migrator(&self) -> Result<DatabaseConnection> {
        let limits = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];
        let unlimited = limits.map(|limit| (limit, "0"));
        Self::pool(1, self.options.clone().options(unlimited)).await
    }

    /// The pool for reading.
    pub async fn reader(&self, connections: Connections) -> Result<DatabaseConnection> {
        Self::pool(connections.readers, self.options.clone()).await
    }

    async fn pool(size: u32, options: PgConnectOptions) -> Result<DatabaseConnection> {
        let pool = PgPoolOptions::new()
            .max_connections(size)
            .min_connections(1)
            .acquire_timeout(CONNECT)
            .connect_with(options)
            .await
            .doing("connect to the database")?;
        Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
    }

    /// Starts the writers; each ends when every handle on the store is gone.
    pub fn start_writers(
        self,
        waiting: Vec<mpsc::Receiver<Pending>>,
        listener: &Arc<dyn Listener>,
    ) {
        for waiting in waiting {
            let (address, listener) = (self.address.clone(), listener.clone());
            let lane = Lane::new(address, listener);
            #[expect(
                clippy::disallowed_methods,
                reason = "it ends with the last handle on the store"
            )]
            tokio::spawn(lane.run(waiting));
        }
    }
}

/// A wait for somebody else's lock was too long (PostgreSQL, appendix A: `lock_not_available`).
const LOCKED: &str = "55P03";

/// Whether a SQLSTATE (PostgreSQL, appendix A) is the server's state and not the statement's fault:
/// 53 lacks resources, 57 is told to stop by the operator, 08 has trouble with the connection, or
/// somebody holds a lock.
pub(crate) fn is_away(code: &str) -> bool {
    code == LOCKED || ["53", "57", "08"].iter().any(|class| code.starts_with(class))
}

/// Now, by the clock of the server's machine, in microseconds since 1970.
pub(crate) async fn time(reader: &DatabaseConnection) -> Result<i64> {
    const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let read = async {
        let row = reader.query_one_raw(Statement::from_string(DbBackend::Postgres, NOW)).await?;
        row.ok_or_else(|| DbErr::RecordNotFound("the time".into()))?.try_get_by_index(0)
    };
    read.await.doing("read the database's clock")
}
