//! The sandbox as the rest of the worker sees it: workspaces, and commands run in them.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use drover_domain::ExecutionId;
use tokio::sync::Semaphore;

use super::config::{SandboxConfig, WallPolicy};
use super::error::{Doing, SandboxError};
use super::running::{self, CommandSpec, Waiting};
use super::spec::Spec;
use super::wall::{self, Wall};
use super::workspace::{self, Workspace};

/// Runs commands behind the wall. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: SandboxConfig,
    wall: Wall,
    readable: Vec<PathBuf>,
    places: Arc<Semaphore>,
}

impl Sandbox {
    /// Checks the configuration against this machine, and makes the folder of workspaces.
    pub fn new(mut config: SandboxConfig) -> Result<Self, SandboxError> {
        let wall = Wall::detect();
        if let (Some(reason), WallPolicy::Required) = (wall.shortcoming(), config.wall) {
            return Err(SandboxError::NoWall(reason));
        }
        let mut builder = DirBuilder::new();
        builder
            .mode(0o700)
            .recursive(true)
            .create(&config.workspaces)
            .doing("create the folder of workspaces")?;
        // Compared and walled off by their true paths: a link must not lead around either.
        config.workspaces = fs::canonicalize(&config.workspaces).doing("find the workspaces")?;
        for hidden in &mut config.hidden {
            // One that is not there yet is taken as it is written.
            *hidden = fs::canonicalize(&*hidden).unwrap_or_else(|_| hidden.clone());
        }
        refuse_overlap(&config)?;
        let unseen = [&config.hidden[..], std::slice::from_ref(&config.workspaces)].concat();
        let readable = wall::readable(&config.readable, &unseen);
        let places = Arc::new(Semaphore::new(config.max_processes.max(1)));
        Ok(Self { inner: Arc::new(Inner { config, wall, readable, places }) })
    }

    /// The wall that tools run behind.
    pub fn wall(&self) -> Wall {
        self.inner.wall
    }

    /// The workspace of an execution, made if it is not there. Walks its files to enforce the
    /// quota: not for an async thread.
    pub fn prepare(&self, execution: ExecutionId) -> Result<Workspace, SandboxError> {
        let config = &self.inner.config;
        workspace::prepare(&config.workspaces, execution, config.quota_bytes)
    }

    /// Removes the workspaces not prepared since `unused_since`, except those to `keep` (of
    /// executions that are not over). Returns how many. Not for an async thread.
    pub fn sweep(
        &self,
        unused_since: SystemTime,
        keep: &dyn Fn(ExecutionId) -> bool,
    ) -> Result<usize, SandboxError> {
        workspace::sweep(&self.inner.config.workspaces, unused_since, keep)
    }

    /// Starts the supervisor of a command, when there is a place for one more. The command itself
    /// waits for [`Waiting::go`]; a [`Waiting`] that is dropped has never run it.
    pub async fn spawn(
        &self,
        workspace: &Workspace,
        command: CommandSpec,
    ) -> Result<Waiting, SandboxError> {
        let place = self.inner.places.clone().acquire_owned().await;
        let place = place.expect("the semaphore is never closed");
        let config = &self.inner.config;
        let spec = Spec {
            env: running::environment(workspace, &command),
            program: command.program,
            args: command.args,
            cwd: command.cwd.unwrap_or_else(|| workspace.files().to_owned()),
            stdin: command.stdin.as_ref().map(|bytes| bytes.len() as u64),
            readable: self.inner.readable.clone(),
            writable: vec![workspace.files().to_owned(), workspace.temporary().to_owned()],
            limits: config.limits,
            wall_optional: config.wall == WallPolicy::IfAvailable,
        };
        let terms = running::Terms {
            stdin: command.stdin.unwrap_or_default(),
            timeout: command.timeout,
            output_limit: command.output_limit,
            idempotency_key: command.idempotency_key,
            _place: place,
        };
        Waiting::start(&config.launcher, &spec, terms).await
    }
}

fn refuse_overlap(config: &SandboxConfig) -> Result<(), SandboxError> {
    let workspaces: &Path = &config.workspaces;
    // A hidden folder around the workspaces is fine where it is only listed, such as a home; one
    // inside them would be readable.
    match config.hidden.iter().find(|hidden| hidden.starts_with(workspaces)) {
        Some(hidden) => {
            Err(SandboxError::Overlap { workspaces: workspaces.to_owned(), hidden: hidden.clone() })
        }
        None => Ok(()),
    }
}
