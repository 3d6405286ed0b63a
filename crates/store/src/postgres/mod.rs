//! Everything that is Postgres's: connections, the lock of the plane, and writers with group commit.
//!
//! Writers are lanes: all sets of one run go through the same lane, so that its entries are told in
//! the order in which they were committed, while lanes commit beside each other. A lane takes what is
//! waiting into one transaction, without any artificial wait, and sends its statements in one go
//! (pipelining), so that a batch costs three or four round trips however large it is. Reading goes
//! through SeaORM's pool like everywhere; its driver sends one statement at a time, hence the second
//! driver here.

mod address;
mod lane;
mod parameter;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use drover_domain::{Doing, Error, Result};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use tokio::sync::mpsc;
use tokio_postgres::Client;

use self::address::{Address, CONNECT, cannot_connect};
use self::lane::Lane;
use crate::store::{Listener, Pending};

/// The advisory lock of the plane that owns a database: "drover" in ASCII.
const OWNER: i64 = 0x6472_6f76_6572;

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

    /// Takes the database for this process, until it ends.
    ///
    /// # Errors
    /// [`Error::Conflict`] if another plane has it, [`Error::Refused`] if it cannot be connected to.
    pub async fn own(&self) -> Result<()> {
        let client = self.address.connect().await.map_err(|error| cannot_connect(&error))?;
        // The server may need a moment to see that a plane before this one has died.
        let deadline = tokio::time::Instant::now() + CONNECT;
        while !take_lock(&client).await.doing("lock the database")? {
            if tokio::time::Instant::now() > deadline {
                return Err(Error::conflict("The database is in use by another drover process"));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let address = self.address.clone();
        #[expect(clippy::disallowed_methods, reason = "it holds the lock until the process ends")]
        tokio::spawn(keep_lock(address, client));
        Ok(())
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

/// Whether a SQLSTATE (PostgreSQL, appendix A) is the server's state and not the statement's fault: 53
/// lacks resources, 57 is told to stop by the operator, 08 has trouble with the connection.
pub(crate) fn is_away(code: &str) -> bool {
    ["53", "57", "08"].iter().any(|class| code.starts_with(class))
}

async fn take_lock(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let row = client.query_one("SELECT pg_try_advisory_lock($1)", &[&OWNER]).await?;
    row.try_get(0)
}

/// Watches over the connection that holds the lock; takes the lock again when it was lost.
async fn keep_lock(address: Address, mut client: Client) {
    const LOOK: Duration = Duration::from_secs(1);
    loop {
        tokio::time::sleep(LOOK).await;
        if !client.is_closed() && client.simple_query("").await.is_ok() {
            continue;
        }
        match address.connect().await {
            Ok(again) => match take_lock(&again).await {
                Ok(true) => client = again,
                Ok(false) => tracing::error!("another drover process has taken the database"),
                Err(error) => tracing::warn!(%error, "cannot lock the database"),
            },
            Err(error) => tracing::warn!(%error, "the database does not answer"),
        }
    }
}
