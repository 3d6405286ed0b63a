//! Child processes: planes, workers, the model stand-in, other programs.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at what a process has said.
const GLANCE: Duration = Duration::from_millis(2);
/// In a second; what Linux tells programs is in these on every machine.
const TICKS: u64 = 100;

/// A process that is ready. It is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// The line by which it said so.
    pub line: String,
}

impl Process {
    /// Starts it and waits for its first line on stdout; what it says to stderr goes to a file.
    pub async fn start(
        program: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
        errors: &Path,
    ) -> Result<Self> {
        let log = File::options().create(true).append(true).open(errors)?;
        let mut command = command(program, arguments, variables);
        command.stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        let stdout = child.stdout.take().context("a pipe that was asked for")?;
        let mut line = String::new();
        let mut stdout = BufReader::new(stdout);
        let ready = timeout(PATIENCE, stdout.read_line(&mut line)).await;
        if !matches!(ready, Ok(Ok(length)) if length > 0) {
            let said = std::fs::read_to_string(errors).unwrap_or_default();
            bail!("{} does not get ready: {said}", program.display());
        }
        Ok(Self { child, line })
    }

    /// Starts it and waits until it says this on stderr, which goes to a new file.
    pub async fn start_saying(
        program: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
        errors: &Path,
        text: &str,
    ) -> Result<Self> {
        let mut command = command(program, arguments, variables);
        command.stdout(Stdio::null()).stderr(File::create(errors)?);
        let mut child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        let began = Instant::now();
        loop {
            let said = std::fs::read_to_string(errors)?;
            if let Some(line) = said.lines().find(|line| line.contains(text)) {
                return Ok(Self { child, line: line.to_owned() });
            }
            if began.elapsed() > PATIENCE || child.try_wait()?.is_some() {
                bail!("{} does not get ready: {said}", program.display());
            }
            sleep(GLANCE).await;
        }
    }

    /// Starts it and waits until it listens on a port; what it says goes to a file.
    pub async fn start_listening(
        program: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
        said: &Path,
        port: u16,
    ) -> Result<Self> {
        let log = File::options().create(true).append(true).open(said)?;
        let mut command = command(program, arguments, variables);
        command.stdout(log.try_clone()?).stderr(log);
        let mut child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if began.elapsed() > PATIENCE || child.try_wait()?.is_some() {
                let said = std::fs::read_to_string(said).unwrap_or_default();
                bail!("{} does not get ready: {said}", program.display());
            }
            sleep(GLANCE).await;
        }
        Ok(Self { child, line: String::new() })
    }

    /// SIGKILL.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("kill a process")
    }

    /// SIGTERM, and waits for its end.
    pub async fn stop(mut self) -> Result<()> {
        kill_process(self.pid()?, Signal::TERM).context("stop a process")?;
        timeout(PATIENCE, self.child.wait()).await.context("a process does not end")??;
        Ok(())
    }

    /// Resident memory now, in MiB.
    pub fn resident_mib(&self) -> Result<f64> {
        self.memory_mib("VmRSS:")
    }

    /// Resident memory when it was most, in MiB.
    pub fn peak_mib(&self) -> Result<f64> {
        self.memory_mib("VmHWM:")
    }

    /// Processor time that it has used.
    pub fn used(&self) -> Result<Duration> {
        used_by(&self.pid()?.as_raw_nonzero().to_string())
    }

    fn memory_mib(&self, key: &str) -> Result<f64> {
        let path = format!("/proc/{}/status", self.pid()?.as_raw_nonzero());
        let status = std::fs::read_to_string(path)?;
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kib.with_context(|| format!("no {key} in the process's status"))? / 1024.0)
    }

    fn pid(&self) -> Result<Pid> {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        pid.context("the process has ended")
    }
}

/// A program whose settings are those it ships with, not those of whoever measures.
fn command(program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.envs(variables.iter().copied()).kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Processor time that this process has used.
pub fn used_here() -> Result<Duration> {
    used_by("self")
}

fn used_by(process: &str) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is a name in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("a process's stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 1_000 / TICKS))
}

/// A port that nobody listens on.
pub fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("find a free port")?;
    Ok(listener.local_addr()?.port())
}

/// The host and port of `http://HOST:PORT`.
pub fn address(url: &str) -> Result<SocketAddr> {
    let host = url.trim().trim_start_matches("http://").split('/').next().unwrap_or_default();
    host.parse().with_context(|| format!("no address in `{url}`"))
}
