//! A file for each thing that is measured. Every measure starts a plane of its own on an empty
//! directory, so that none inherits another's database.

mod accepts;
mod boot;
mod burst;
mod first_event;
mod job;
mod jobs;
mod kill;
mod page;
mod stream;

use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::figures::Measure;
use crate::plane::{Models, Plane, Record, Stage};

pub use page::Seeded;

/// What measures need.
pub struct Bench {
    /// Programs and folder.
    pub stage: Stage,
    /// Shorter loads.
    pub quick: bool,
    /// A Postgres server, for what is measured on it.
    pub postgres: Option<String>,
    /// The database of a million runs, made once.
    pub seeded: Option<Seeded>,
}

/// Values by the key of their figure.
pub type Values = Vec<(&'static str, f64)>;

/// Measures once.
pub async fn run(measure: Measure, bench: &mut Bench) -> Result<Values> {
    match measure {
        Measure::Boot => boot::run(bench).await,
        Measure::Accepts => accepts::run(bench).await,
        Measure::Job => job::run(bench).await,
        Measure::Jobs => jobs::run(bench).await,
        Measure::Burst => burst::run(bench).await,
        Measure::Kill => kill::run(bench).await,
        Measure::FirstEvent => first_event::run(bench).await,
        Measure::Page => page::run(bench).await,
        Measure::Stream => stream::run(bench).await,
        Measure::PostgresAccepts => accepts::on_postgres(bench).await,
    }
}

/// A plane on an empty directory, and its model.
pub struct Fresh {
    /// The plane.
    pub plane: Plane,
    /// Its model.
    pub models: Models,
    /// Its directory; gone with this value.
    pub directory: TempDir,
}

/// A database on the server that the measures were told of; dropped with this value.
pub struct Database {
    url: String,
    server: String,
    name: String,
}

impl Database {
    fn make(server: &str) -> Result<Self> {
        let name = format!("bench_{}", std::process::id());
        let (address, _) = server.rsplit_once('/').context("a URL with a database")?;
        let database = Self { url: format!("{address}/{name}"), server: server.to_owned(), name };
        database.tell(&format!("DROP DATABASE IF EXISTS {}", database.name))?;
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

impl Bench {
    async fn fresh(&self, record: Record) -> Result<Fresh> {
        self.fresh_with(record, &[]).await
    }

    async fn fresh_with(&self, record: Record, variables: &[(&str, &str)]) -> Result<Fresh> {
        let models = Models::start(&self.stage, record).await?;
        let directory = tempfile::tempdir_in(&self.stage.folder)?;
        let data = directory.path().join("data");
        let plane = Plane::start_with(&self.stage, &data, 0, &models, variables).await?;
        Ok(Fresh { plane, models, directory })
    }

    /// One number for real, another for a quick look.
    fn size(&self, real: usize, quick: usize) -> usize {
        if self.quick { quick } else { real }
    }
}
