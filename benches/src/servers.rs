//! The servers of others that measures need beside what is measured.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::process::Child;
use tokio::time::sleep;

use crate::process::{Process, free_port};

/// The longest that a Postgres server takes to answer again after it was killed.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(20);

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

    /// The Postgres server itself, to be killed.
    pub fn postgres_process(&self) -> Result<Postgres> {
        Postgres::find(self.postgres.as_deref().context("`--postgres` names no server")?)
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
        let text = ask(&self.url, select)?;
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

/// The Postgres server as whoever started it did: on this machine, as the user that measures, or as
/// another one if that is root.
pub struct Postgres {
    url: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    user: u32,
    group: u32,
    log: PathBuf,
    pid: Pid,
    /// The process, if it was started here.
    child: Option<Child>,
}

impl Postgres {
    fn find(url: &str) -> Result<Self> {
        let data = PathBuf::from(ask(url, "SHOW data_directory")?.trim_end());
        let file = data.join("postmaster.pid");
        let lock = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        let pid = lock.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw);
        let pid = pid.context("the server's lock names no process")?;
        let process = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
        let line = fs::read(process.join("cmdline"))?;
        let words = line.split(|byte| *byte == 0).map(|word| OsStr::from_bytes(word).to_owned());
        let mut arguments: Vec<_> = words.skip(1).collect();
        // What follows the last zero.
        arguments.pop();
        let owner = fs::metadata(&process)?;
        Ok(Self {
            url: url.to_owned(),
            program: fs::read_link(process.join("exe"))?,
            arguments,
            user: owner.uid(),
            group: owner.gid(),
            log: data.with_extension("log"),
            pid,
            child: None,
        })
    }

    /// SIGKILL of its first process, and a start as it was started before. It outlives this value.
    pub async fn kill_and_restart(&mut self) -> Result<()> {
        let began = Instant::now();
        match self.child.take() {
            Some(mut child) => child.kill().await?,
            None => kill_process(self.pid, Signal::KILL)?,
        }
        while began.elapsed() < PATIENCE && test_kill_process(self.pid).is_ok() {
            sleep(GLANCE).await;
        }
        let mut child = self.start()?;
        // It ends at once while other processes of the one before are there.
        while ask(&self.url, "SELECT 1").is_err() {
            if began.elapsed() > PATIENCE {
                bail!("the Postgres server does not start again: see {}", self.log.display());
            }
            sleep(GLANCE).await;
            if child.try_wait()?.is_some() {
                child = self.start()?;
            }
        }
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        self.pid = pid.context("the server has ended")?;
        self.child = Some(child);
        Ok(())
    }

    fn start(&self) -> Result<Child> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments).env_clear().current_dir("/").stdin(Stdio::null());
        command.uid(self.user).gid(self.group).stdout(log.try_clone()?).stderr(log);
        // Ctrl-C is not for it: it was there before.
        command.process_group(0).spawn().context("start the Postgres server again")
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

/// What a query answers, column by column.
fn ask(url: &str, select: &str) -> Result<String> {
    let mut psql = Command::new("psql");
    let output = psql.args([url, "-AtqF\t", "-c", select]).stderr(Stdio::null()).output()?;
    ensure!(output.status.success(), "psql: {select} ({})", output.status);
    String::from_utf8(output.stdout).context("rows in UTF-8")
}

impl Drop for Database {
    fn drop(&mut self) {
        // The next one of this name drops it first, so that nothing is lost here.
        if let Err(error) = self.tell(&format!("DROP DATABASE {} WITH (FORCE)", self.name)) {
            eprintln!("{error:#}");
        }
    }
}
