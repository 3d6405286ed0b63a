//! A machine of its own for each test: data directory, workspaces, a sandbox and its tools.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use drover_domain::ExecutionId;
use drover_domain::activities::{ProcessRecord, SkillGrant, ToolCall, ToolResult};
use drover_domain::messages::ToolCallRequest;
use drover_worker::sandbox::{
    CommandSpec, Ended, Finished, Launcher, Sandbox, SandboxConfig, Waiting, Workspace,
};
use drover_worker::tools::{RecordProcess, Toolbox};
use futures_util::future::BoxFuture;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe::{OpenOptions, Receiver};
use uuid::Uuid;

pub struct Place {
    folder: TempDir,
    pub sandbox: Sandbox,
    pub execution: ExecutionId,
}

impl Place {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut SandboxConfig)) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::write(folder.path().join("data/secret"), "the master key").unwrap();
        let mut config = config(folder.path());
        change(&mut config);
        let sandbox = Sandbox::new(config).unwrap();
        Self { folder, sandbox, execution: fresh() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn workspace(&self) -> Workspace {
        self.sandbox.prepare(self.execution).unwrap()
    }
    /// A file of the execution.
    pub fn file(&self, name: &str) -> PathBuf {
        self.workspace().files().join(name)
    }

    /// The key of tool calls: of no other test, or they would kill one another.
    pub fn key(&self) -> String {
        format!("key-of-{}", self.execution)
    }

    /// Runs a line of shell, unrestricted but for the wall.
    pub async fn sh(&self, line: &str) -> Finished {
        self.waiting(sh(line)).await.go().await.unwrap()
    }
    /// Runs a line that must succeed, and returns what it printed.
    pub async fn out(&self, line: &str) -> String {
        let finished = self.sh(line).await;
        assert_eq!(finished.ended, Ended::Code(0), "{line}: {finished:?}");
        finished.stdout
    }
    /// Runs a line that must fail without printing `secret`.
    pub async fn denied(&self, line: &str) {
        let finished = self.sh(line).await;
        assert!(matches!(finished.ended, Ended::Code(code) if code != 0), "{line}: {finished:?}");
        assert_eq!(finished.stdout, "", "{line}");
    }
    pub async fn waiting(&self, command: CommandSpec) -> Waiting {
        self.sandbox.spawn(&self.workspace(), command).await.unwrap()
    }

    /// Calls a tool of the one skill given.
    pub async fn call(
        &self,
        kind: &str,
        configuration: Value,
        tool: &str,
        arguments: Value,
    ) -> ToolResult {
        self.call_with(vec![skill(kind, configuration)], tool, arguments).await
    }
    pub async fn call_with(
        &self,
        skills: Vec<SkillGrant>,
        tool: &str,
        arguments: Value,
    ) -> ToolResult {
        let call = call(skills, tool, arguments);
        let toolbox = Toolbox::new(self.sandbox.clone());
        toolbox.call(&call, self.execution, &self.key(), &Records::default()).await.unwrap()
    }
    /// The output of a call that must succeed.
    pub async fn ok(
        &self,
        kind: &str,
        configuration: Value,
        tool: &str,
        arguments: Value,
    ) -> String {
        let result = self.call(kind, configuration, tool, arguments.clone()).await;
        assert!(!result.is_error, "{tool} {arguments}: {}", result.output);
        result.output
    }
    /// The text of a call that must fail.
    pub async fn err(
        &self,
        kind: &str,
        configuration: Value,
        tool: &str,
        arguments: Value,
    ) -> String {
        let result = self.call(kind, configuration, tool, arguments.clone()).await;
        assert!(result.is_error, "{tool} {arguments}: {}", result.output);
        result.output
    }

    /// A pipe by which commands tell process numbers: `echo $$ > pids`.
    pub fn pids(&self) -> Pids {
        Pids::make(&self.file("pids"))
    }
}

/// An id of this run of this test alone: keys are looked for on the whole machine.
#[expect(
    clippy::disallowed_methods,
    reason = "two runs of the tests must not know each other's keys"
)]
pub fn fresh() -> ExecutionId {
    ExecutionId(Uuid::now_v7())
}

pub fn config(folder: &Path) -> SandboxConfig {
    let launcher =
        Launcher { program: env!("CARGO_BIN_EXE_drover-sandbox-exec").into(), args: Vec::new() };
    SandboxConfig {
        hidden: vec![folder.join("data")],
        ..SandboxConfig::new(launcher, folder.join("workspaces"))
    }
}

pub fn sh(line: &str) -> CommandSpec {
    // Each command has a key of its own, as each step has: it is by the key that they are killed.
    let key = fresh().to_string();
    let mut command = CommandSpec::new("/bin/sh", vec!["-c".to_owned(), line.to_owned()], &key);
    command.timeout = Duration::from_secs(120);
    command
}

pub fn skill(kind: &str, configuration: Value) -> SkillGrant {
    SkillGrant { name: kind.to_owned(), kind: kind.to_owned(), configuration }
}

pub fn call(skills: Vec<SkillGrant>, tool: &str, arguments: Value) -> ToolCall {
    ToolCall {
        turn: 1,
        request: ToolCallRequest { id: "1".to_owned(), name: tool.to_owned(), arguments },
        tool_execution_id: "1".to_owned(),
        skills,
        env: [("GREETING".to_owned(), "hello".to_owned())].into(),
        survivor: None,
    }
}

/// Remembers records, or refuses them.
#[derive(Default)]
pub struct Records {
    pub refuse: bool,
    pub seen: Mutex<Vec<ProcessRecord>>,
}

impl RecordProcess for Records {
    fn record(
        &self,
        process: ProcessRecord,
    ) -> BoxFuture<'_, Result<(), Box<dyn Error + Send + Sync>>> {
        self.seen.lock().unwrap().push(process);
        let result = if self.refuse { Err("the lease is lost".into()) } else { Ok(()) };
        Box::pin(async { result })
    }
}

/// Processes as they announce themselves.
pub struct Pids {
    lines: BufReader<Receiver>,
}

impl Pids {
    pub fn make(path: &Path) -> Self {
        mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        // Open for both: otherwise it ends whenever no command holds it.
        let pipe = OpenOptions::new().read_write(true).open_receiver(path).unwrap();
        Self { lines: BufReader::new(pipe) }
    }
    /// Waits for so many processes, and holds them.
    pub async fn take(&mut self, count: usize) -> Vec<Held> {
        let mut held = Vec::new();
        while held.len() < count {
            let mut line = String::new();
            self.lines.read_line(&mut line).await.unwrap();
            held.push(Held::new(line.trim().parse().unwrap()));
        }
        held
    }
}

/// Exactly one process, alive or dead.
pub struct Held(OwnedFd);

impl Held {
    pub fn new(pid: i32) -> Self {
        Self(pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap())
    }
    pub fn is_alive(&self) -> bool {
        !self.ends_within(0)
    }
    /// Waits for the end.
    pub fn assert_ends(&self) {
        assert!(self.ends_within(20), "the process lives on");
    }
    fn ends_within(&self, seconds: i64) -> bool {
        let limit = Timespec { tv_sec: seconds, tv_nsec: 0 };
        loop {
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&limit)) {
                // By the end of a child of another test.
                Err(Errno::INTR) => {}
                ready => return ready.unwrap() == 1,
            }
        }
    }
}
