//! What tests need to run beside them, on free ports of loopback: a Postgres server and a Temporal
//! server of their own. Starting them twice is starting them once.

mod postgres;
mod temporal;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context, Result};

use self::postgres::Postgres;
use self::temporal::Temporal;
use crate::workspace::Workspace;

/// The variable by which tests are told of the Postgres server.
pub const DATABASE_URL: &str = "DROVER_TEST_DATABASE_URL";
/// The variable by which tests are told of the Temporal server.
pub const TEMPORAL_ADDRESS: &str = "DROVER_TEST_TEMPORAL_ADDRESS";

/// The services of a workspace.
pub struct Services {
    postgres: Postgres,
    temporal: Temporal,
}

/// Where they are.
pub struct Addresses {
    /// The URL of Postgres's database `postgres`.
    pub database_url: String,
    /// Temporal's.
    pub temporal_address: String,
}

impl Services {
    /// Finds the programs; installs them where that is possible.
    pub fn find(workspace: &Workspace) -> Result<Self> {
        let mut hash = DefaultHasher::new();
        workspace.root().hash(&mut hash);
        let home = std::env::temp_dir().join(format!("drover-services-{:016x}", hash.finish()));
        let temporal = home.with_extension("temporal");
        Ok(Self {
            postgres: Postgres::find(workspace, home)?,
            temporal: Temporal::find(workspace, temporal)?,
        })
    }

    /// Starts them unless they run.
    pub fn start(&self) -> Result<Addresses> {
        Ok(Addresses {
            database_url: self.postgres.start()?,
            temporal_address: self.temporal.start()?,
        })
    }

    /// Temporal's program.
    pub fn temporal_program(&self) -> &Path {
        self.temporal.program()
    }

    /// Stops them and removes what they kept.
    pub fn stop(&self) -> Result<()> {
        self.temporal.stop()?;
        self.postgres.stop()
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("find a free port")?;
    Ok(listener.local_addr()?.port())
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("remove the services' folder")
        }
        _ => Ok(()),
    }
}
