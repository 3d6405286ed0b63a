//! The servers of others that measures need beside what is measured.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

/// Where they are; `cargo xtask bench` starts them and tells.
#[derive(Debug, Clone, Args)]
pub struct Servers {
    /// A Postgres server to measure on; `cargo xtask bench` starts one
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// A Temporal server to measure on; `cargo xtask bench` starts one
    #[arg(long, value_name = "URL")]
    pub temporal: Option<String>,
    /// Temporal's program, for a server that is killed; `cargo xtask bench` knows one
    #[arg(long, value_name = "PATH")]
    pub temporal_program: Option<PathBuf>,
}

/// A database on the Postgres server; dropped with this value.
pub struct Database {
    /// Where it is.
    pub url: String,
    server: String,
    name: String,
}

impl Servers {
    /// An empty database.
    pub fn database(&self) -> Result<Database> {
        Database::make(self.postgres.as_deref().context("`--postgres` names no server")?)
    }

    /// The Temporal server.
    pub fn temporal(&self) -> Result<&str> {
        self.temporal.as_deref().context("`--temporal` names no server")
    }
}

impl Database {
    fn make(server: &str) -> Result<Self> {
        let name = format!("bench_{}", std::process::id());
        let (address, _) = server.rsplit_once('/').context("a URL with a database")?;
        let database = Self { url: format!("{address}/{name}"), server: server.to_owned(), name };
        database.tell(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name))?;
        database.tell(&format!("CREATE DATABASE {}", database.name))?;
        Ok(database)
    }

    fn tell(&self, statement: &str) -> Result<()> {
        let mut psql = Command::new("psql");
        psql.args([&self.server, "-qc", statement])
            .env("PGOPTIONS", "-c client_min_messages=error");
        let status = psql.status()?;
        ensure!(status.success(), "psql: {statement} ({status})");
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The next one of this name drops it first, so that nothing is lost here.
        if let Err(error) = self.tell(&format!("DROP DATABASE {} WITH (FORCE)", self.name)) {
            eprintln!("{error:#}");
        }
    }
}
