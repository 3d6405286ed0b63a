//! A database for this process alone, without writers: nothing runs on it meanwhile.

use std::path::Path;

use drover_domain::Result;
use sea_orm::DatabaseConnection;

use crate::lock::DirectoryLock;
use crate::store::{Sharing, migrate};
use crate::{postgres, sqlite};

/// A database that no plane has as long as this is there. Its one connection has no time limits.
pub struct Exclusive {
    pub(super) connection: DatabaseConnection,
    /// The one in a directory, with its lock.
    _owned: Option<sqlite::Database>,
}

impl Exclusive {
    /// Opens (or makes) the SQLite database in a data directory, and runs migrations.
    ///
    /// # Errors
    /// [`drover_domain::Error::Refused`] if its database was made by a newer program.
    pub async fn open_directory(directory: &Path, lock: DirectoryLock) -> Result<Self> {
        let database = sqlite::Database::new(directory, lock);
        migrate(database.migrator().await?).await?;
        Ok(Self { connection: database.migrator().await?, _owned: Some(database) })
    }

    /// Connects to a Postgres database, takes it for this process, and runs migrations.
    ///
    /// # Errors
    /// As those of [`crate::Store::connect`].
    pub async fn connect(url: &str) -> Result<Self> {
        let database = postgres::Database::at(url)?;
        database.own(Sharing::Alone).await?;
        migrate(database.migrator().await?).await?;
        Ok(Self { connection: database.migrator().await?, _owned: None })
    }
}
