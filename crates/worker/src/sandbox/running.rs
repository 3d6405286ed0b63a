//! One command on its way: gated, running, ended. Whatever the way, nothing of it is left behind.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use drover_domain::activities::ProcessRecord;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::capture::Capture;
use super::config::Launcher;
use super::error::{Doing, SandboxError};
use super::processes::{MARKER, kill_now, kill_rest, started};
use super::spec::{GO, Spec};
use super::workspace::Workspace;

/// Where programs are looked for. Never the workspace: a tool could plant an `ls` there.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A command to run.
#[derive(Debug, Clone)]
pub struct CommandSpec {
    /// A path, or a name looked up in `PATH`.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Where it starts; the workspace unless given.
    pub cwd: Option<PathBuf>,
    /// Its environment beside the built-in variables (`PATH`, `HOME`, `LANG`, which it may replace,
    /// and `TMPDIR`, `DROVER_EXECUTION_ID`, `DROVER_IDEMPOTENCY_KEY`, which it may not).
    pub env: BTreeMap<String, String>,
    /// What it reads on stdin; nothing unless given.
    pub stdin: Option<Vec<u8>>,
    /// When it is killed.
    pub timeout: Duration,
    /// Bytes kept of each of stdout and stderr.
    pub output_limit: usize,
    /// The step it belongs to, unlike that of any other step of any run: every process that bears
    /// it is killed with the command.
    pub idempotency_key: String,
}

impl CommandSpec {
    /// A program with arguments, a minute of time, a mebibyte of each output.
    pub fn new(program: impl Into<String>, args: Vec<String>, idempotency_key: &str) -> Self {
        Self {
            program: program.into(),
            args,
            cwd: None,
            env: BTreeMap::new(),
            stdin: None,
            timeout: Duration::from_secs(60),
            output_limit: 1 << 20,
            idempotency_key: idempotency_key.to_owned(),
        }
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this code. As in shells: 126 when it cannot be run, 127 when it is not there, 128 and
    /// the signal's number when a signal ended it. 125: the wall could not be raised.
    Code(i32),
    /// Killed at the end of its time.
    TimedOut,
}

/// What came of a command.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub ended: Ended,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
    /// Whether something is missing in either.
    pub truncated: bool,
}

/// What a [`Waiting`] needs beside its process.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) stdin: Vec<u8>,
    pub(super) timeout: Duration,
    pub(super) output_limit: usize,
    pub(super) idempotency_key: String,
    /// Held for as long as the command may run.
    pub(super) _place: OwnedSemaphorePermit,
}

/// A command that is ready and has not run. Record [`Waiting::record`] durably, then let it
/// [`Waiting::go`]. Dropping it, or the future of `go`, kills everything at once.
#[derive(Debug)]
pub struct Waiting {
    // The first to be dropped: descent is known only while the supervisor lives.
    tree: Tree,
    child: Child,
    server: ChildStdin,
    terms: Terms,
}

impl Waiting {
    pub(super) async fn start(
        launcher: &Launcher,
        spec: &Spec,
        terms: Terms,
    ) -> Result<Self, SandboxError> {
        let mut line = serde_json::to_vec(spec).doing("describe the command")?;
        line.push(b'\n');
        let mut child = Command::new(&launcher.program)
            .args(&launcher.args)
            .current_dir("/")
            .env_clear()
            .env(MARKER, &terms.idempotency_key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .doing("start the sandbox's supervisor")?;
        let pid = child.id().ok_or(SandboxError::Launcher)?.cast_signed();
        // It cannot be gone: nobody has waited for it.
        let started_ticks = started(pid).ok_or(SandboxError::Launcher)?;
        let record = ProcessRecord { group: pid, started_ticks };
        let tree = Tree { record, key: terms.idempotency_key.clone(), over: false };
        let mut server = child.stdin.take().ok_or(SandboxError::Launcher)?;
        server.write_all(&line).await.map_err(|_| SandboxError::Launcher)?;
        Ok(Self { tree, child, server, terms })
    }

    /// By what its processes are found again after a crash.
    pub fn record(&self) -> ProcessRecord {
        self.tree.record
    }

    /// Runs the command to its end, or to the end of its time.
    pub async fn go(mut self) -> Result<Finished, SandboxError> {
        let mut stdout = Capture::new(self.terms.output_limit);
        let mut stderr = Capture::new(self.terms.output_limit);
        let mut out = self.child.stdout.take().ok_or(SandboxError::Launcher)?;
        let mut err = self.child.stderr.take().ok_or(SandboxError::Launcher)?;
        let read = async {
            tokio::join!(stdout.read(&mut out), stderr.read(&mut err));
            Ok(())
        };
        // The streams end when the last process that holds them does: by the kill at the latest.
        let ((), ended) = tokio::try_join!(read, self.run())?;
        let truncated = stdout.truncated() || stderr.truncated();
        Ok(Finished { ended, stdout: stdout.into_text(), stderr: stderr.into_text(), truncated })
    }

    async fn run(&mut self) -> Result<Ended, SandboxError> {
        let server = &mut self.server;
        let command = async {
            // These fail only when the supervisor is gone; its exit code and stderr say why.
            let _ = server.write_all(GO.as_bytes()).await;
            let _ = server.write_all(&self.terms.stdin).await;
            self.child.wait().await
        };
        let in_time = timeout(self.terms.timeout, command).await;
        self.tree.fell().await?;
        match in_time {
            Ok(status) => Ok(Ended::Code(code(status.doing("wait for the command")?))),
            Err(_) => {
                // The supervisor was felled too; this takes its zombie away.
                self.child.wait().await.doing("wait for the supervisor")?;
                Ok(Ended::TimedOut)
            }
        }
    }
}

/// The whole environment of a command.
pub(super) fn environment(
    workspace: &Workspace,
    command: &CommandSpec,
) -> BTreeMap<String, String> {
    let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let mut env = BTreeMap::from([
        ("PATH".to_owned(), PATH.to_owned()),
        ("HOME".to_owned(), path(workspace.files())),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
    ]);
    env.extend(command.env.clone());
    env.insert("TMPDIR".to_owned(), path(workspace.temporary()));
    env.insert("DROVER_EXECUTION_ID".to_owned(), workspace.execution().to_string());
    env.insert(MARKER.to_owned(), command.idempotency_key.clone());
    env
}

/// A supervisor and all below it. Dropped before it is over, it takes them down.
#[derive(Debug)]
struct Tree {
    record: ProcessRecord,
    key: String,
    over: bool,
}

impl Tree {
    /// Kills what is left and waits until it is gone.
    async fn fell(&mut self) -> Result<(), SandboxError> {
        let (record, key) = (self.record, self.key.clone());
        let killing = tokio::task::spawn_blocking(move || kill_rest(record, &key));
        match killing.await {
            Ok(killed) => killed?,
            // The runtime shuts down and takes no more blocking work.
            Err(_) => kill_rest(self.record, &self.key)?,
        };
        self.over = true;
        Ok(())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if !self.over {
            kill_now(self.record, &self.key);
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    let signalled = status.signal().map(|signal| 128 + signal);
    status.code().or(signalled).unwrap_or_default()
}
