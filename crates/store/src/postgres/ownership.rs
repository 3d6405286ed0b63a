//! Who has the database: one plane for itself, or replicas that share it. Told by advisory locks,
//! which end with their sessions, however a process ends.

use std::time::Duration;

use drover_domain::{Doing, Error, Result};
use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::Database;
use super::address::{Address, CONNECT, cannot_connect};
use crate::store::Sharing;

/// The lock of a database: a plane for itself has it exclusively, replicas share it. "drover" in
/// ASCII.
const OWNER: i64 = 0x6472_6f76_6572;
/// The lock of the replica that starts: migrations, and the decision who is the first.
const STARTING: i64 = OWNER + 1;
/// The time between two tries.
const AGAIN: Duration = Duration::from_millis(200);

/// How a process has the database.
pub(crate) struct Owned {
    /// Whether nobody else had it.
    pub first: bool,
    /// Holds up other replicas that start.
    pub start: Option<Start>,
}

/// The start of a replica. Others wait until it is dropped.
pub(crate) struct Start {
    _session: Client,
}

impl Database {
    /// Takes the database for this process, or a share of it, until the process ends.
    ///
    /// # Errors
    /// [`Error::Conflict`] if another plane has it, [`Error::Refused`] if it cannot be connected to.
    pub async fn own(&self, sharing: Sharing) -> Result<Owned> {
        let address = self.address.clone();
        let client = address.connect().await.map_err(|error| cannot_connect(&error))?;
        let owned = match sharing {
            Sharing::Alone => {
                until_taken(&client, Lock::Exclusive).await?;
                Owned { first: true, start: None }
            }
            Sharing::Replica => {
                let start = self.start().await?;
                let first = Lock::Exclusive.take(&client).await.doing("lock the database")?;
                until_taken(&client, Lock::Shared).await?;
                if first {
                    // The share stays.
                    Lock::Exclusive.give_back(&client).await.doing("share the database")?;
                }
                Owned { first, start: Some(start) }
            }
        };
        let lock = if sharing == Sharing::Alone { Lock::Exclusive } else { Lock::Shared };
        #[expect(clippy::disallowed_methods, reason = "it holds the lock until the process ends")]
        tokio::spawn(keep(address, client, lock));
        Ok(owned)
    }

    /// Waits until no other replica is starting.
    async fn start(&self) -> Result<Start> {
        let client = self.address.connect().await.map_err(|error| cannot_connect(&error))?;
        let waits = "SET statement_timeout = 0; SET lock_timeout = '60s'";
        client.batch_execute(waits).await.doing("wait for other replicas")?;
        let locked = client.execute("SELECT pg_advisory_lock($1)", &[&STARTING]).await;
        match locked {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                Err(Error::conflict("Another replica has been starting for a minute; see its log"))
            }
            locked => {
                locked.doing("wait for other replicas")?;
                Ok(Start { _session: client })
            }
        }
    }
}

/// A way to have the lock of the database.
#[derive(Clone, Copy)]
enum Lock {
    Exclusive,
    Shared,
}

impl Lock {
    async fn take(self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        let take = match self {
            Self::Exclusive => "SELECT pg_try_advisory_lock($1)",
            Self::Shared => "SELECT pg_try_advisory_lock_shared($1)",
        };
        client.query_one(take, &[&OWNER]).await?.try_get(0)
    }

    async fn give_back(self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let give_back = match self {
            Self::Exclusive => "SELECT pg_advisory_unlock($1)",
            Self::Shared => "SELECT pg_advisory_unlock_shared($1)",
        };
        client.execute(give_back, &[&OWNER]).await.map(|_| ())
    }
}

async fn until_taken(client: &Client, lock: Lock) -> Result<()> {
    // The server may need a moment to see that a plane before this one has died.
    let deadline = Instant::now() + CONNECT;
    while !lock.take(client).await.doing("lock the database")? {
        if Instant::now() > deadline {
            return Err(Error::conflict(match lock {
                Lock::Exclusive => "The database is in use by another drover process",
                Lock::Shared => {
                    "The database is in use by a drover process with keys of its own; end that one, \
                     or start it with `signing_key`"
                }
            }));
        }
        tokio::time::sleep(AGAIN).await;
    }
    Ok(())
}

/// Watches over the connection that holds the lock; takes the lock again when it was lost.
async fn keep(address: Address, mut client: Client, lock: Lock) {
    const LOOK: Duration = Duration::from_secs(1);
    loop {
        tokio::time::sleep(LOOK).await;
        if !client.is_closed() && client.simple_query("").await.is_ok() {
            continue;
        }
        match address.connect().await {
            Ok(again) => match lock.take(&again).await {
                Ok(true) => client = again,
                Ok(false) => tracing::error!("another drover process has taken the database"),
                Err(error) => tracing::warn!(%error, "cannot lock the database"),
            },
            Err(error) => tracing::warn!(%error, "the database does not answer"),
        }
    }
}
