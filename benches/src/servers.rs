//! The servers of others that measures need beside what is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::process::{Process, free_port};

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

    /// The rows of a query, column by column, as text.
    pub fn rows(&self, select: &str) -> Result<Vec<Vec<String>>> {
        let output = Command::new("psql").args([&self.url, "-AtqF\t", "-c", select]).output()?;
        ensure!(output.status.success(), "psql: {select} ({})", output.status);
        let text = String::from_utf8(output.stdout).context("rows in UTF-8")?;
        Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
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

/// A Temporal server of one's own, which keeps what it knows in a file.
pub struct Temporal {
    process: Process,
    program: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Temporal {
    /// Starts one that keeps its file in this folder.
    pub async fn start(servers: &Servers, folder: &Path) -> Result<Self> {
        let program = servers.temporal_program.clone();
        let program = program.context("`--temporal-program` names no program")?;
        Self::on(program, folder.to_owned(), free_port()?).await
    }

    /// SIGKILL, and a start on the same file and port.
    pub async fn kill_and_restart(self) -> Result<Self> {
        let Self { process, program, folder, port } = self;
        process.kill().await?;
        Self::on(program, folder, port).await
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn on(program: PathBuf, folder: PathBuf, port: u16) -> Result<Self> {
        let (file, number) = (folder.join("temporal.db"), port.to_string());
        let home = folder.to_str().context("a path in UTF-8")?;
        let file = file.to_str().context("a path in UTF-8")?;
        let server = ["server", "start-dev", "--headless", "--ip", "127.0.0.1"];
        let options = ["--log-level", "error", "--port", &number, "--db-filename", file];
        let arguments = [&server[..], &options].concat();
        let log = folder.join("temporal.log");
        let variables = [("HOME", home)];
        let process =
            Process::start_listening(&program, &arguments, &variables, &log, port).await?;
        Ok(Self { process, program, folder, port })
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
