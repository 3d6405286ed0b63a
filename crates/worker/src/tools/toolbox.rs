//! Carrying out a call: who owns the tool, what is left of an earlier try, how long it took.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use drover_domain::ExecutionId;
use drover_domain::activities::{ProcessRecord, ToolCall, ToolResult};
use futures_util::future::BoxFuture;

use super::answer::{Answer, Stop, ToolboxError};
use super::{files, offer, python, shell};
use crate::sandbox::{CommandSpec, Finished, Sandbox, SandboxError, Workspace, kill_survivor};

/// Remembers the process of a tool before it runs, so that it can be killed after a crash.
pub trait RecordProcess: Send + Sync {
    /// Stores the record. The tool runs once this has succeeded, so it should not succeed before
    /// the record is durable.
    fn record(
        &self,
        process: ProcessRecord,
    ) -> BoxFuture<'_, Result<(), Box<dyn Error + Send + Sync>>>;
}

/// Runs the tools of agents. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Toolbox {
    sandbox: Sandbox,
}

impl Toolbox {
    /// Tools that run in this sandbox.
    pub fn new(sandbox: Sandbox) -> Self {
        Self { sandbox }
    }

    /// Carries out one call. What the model did wrong, or a tool that failed, is a result with
    /// `is_error`; an error means that the activity failed. Dropping the future kills what runs.
    pub async fn call(
        &self,
        call: &ToolCall,
        execution: ExecutionId,
        idempotency_key: &str,
        processes: &dyn RecordProcess,
    ) -> Result<ToolResult, ToolboxError> {
        let started = Instant::now();
        let answer = self.answer(call, execution, idempotency_key, processes).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match answer {
            Ok(output) => Ok(ToolResult { output, is_error: false, duration_ms }),
            Err(Stop::Refused(output)) => Ok(ToolResult { output, is_error: true, duration_ms }),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    async fn answer(
        &self,
        call: &ToolCall,
        execution: ExecutionId,
        idempotency_key: &str,
        processes: &dyn RecordProcess,
    ) -> Answer {
        if let Some(survivor) = call.survivor {
            // Before anything else: two tries at once are what must never be.
            let key = idempotency_key.to_owned();
            blocking(move || Ok(kill_survivor(survivor, &key)?)).await?;
        }
        let name = &call.request.name;
        let Some(skill) = offer::owner(&call.skills, name) else {
            let names: Vec<String> =
                offer::tool_specs(&call.skills).into_iter().map(|spec| spec.name).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(Stop::refused(format!("There is no tool `{name}`. Available: {names}.")));
        };
        let sandbox = self.sandbox.clone();
        let workspace = blocking(move || Ok(sandbox.prepare(execution)?)).await?;
        let bench =
            Bench { sandbox: &self.sandbox, workspace, idempotency_key, env: &call.env, processes };
        match skill.kind.as_str() {
            "shell" => shell::call(&bench, skill, &call.request).await,
            "python" => python::call(&bench, skill, &call.request).await,
            _ => files::call(&bench, skill, &call.request).await,
        }
    }
}

/// What a tool works with.
pub(super) struct Bench<'a> {
    sandbox: &'a Sandbox,
    pub(super) workspace: Workspace,
    pub(super) idempotency_key: &'a str,
    env: &'a BTreeMap<String, String>,
    processes: &'a dyn RecordProcess,
}

impl Bench<'_> {
    /// Runs a command behind the wall, in the environment of the call.
    pub(super) async fn run(&self, mut command: CommandSpec) -> Result<Finished, Stop> {
        // The system takes strings that end at a zero byte; a part must not pass for the whole.
        let texts = command.args.iter().chain([&command.program]).chain(self.env.values());
        if texts.chain(self.env.keys()).any(|text| text.contains('\0')) {
            return Err(Stop::refused(
                "A command, its arguments and environment cannot hold a zero byte.",
            ));
        }
        command.env = self.env.clone();
        let waiting = self.sandbox.spawn(&self.workspace, command).await?;
        let recorded = self.processes.record(waiting.record()).await;
        recorded.map_err(|error| Stop::Failed(ToolboxError::Record(error)))?;
        Ok(waiting.go().await?)
    }
}

/// Runs file work on the pool for blocking work.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Stop> + Send + 'static,
) -> Result<T, Stop> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Stop::from(SandboxError::Io {
            doing: "finish file work",
            source: std::io::Error::other(error),
        })),
    }
}
