//! Skill type `shell` (contract, skills-and-runtimes §2.2).

mod grammar;
mod policy;

use std::time::Duration;

use drover_domain::activities::SkillGrant;
use drover_domain::messages::ToolCallRequest;
use serde::Deserialize;

use self::policy::Policy;
use super::answer::{Answer, Stop, report};
use super::arguments::{arguments, configuration};
use super::files::Folder;
use super::offer::{Parameter, spec};
use super::toolbox::{Bench, blocking};
use crate::model::ToolSpec;
use crate::sandbox::CommandSpec;

const DEFAULT_TIMEOUT: u64 = 30;
const LONGEST_TIMEOUT: u64 = 600;

#[derive(Deserialize)]
struct Configuration {
    /// Seconds.
    timeout: Option<u64>,
    allowed_commands: Option<Vec<String>>,
    blocked_commands: Option<Vec<String>>,
    /// Under the workspace, which is the root of absolute paths as well.
    working_directory: Option<String>,
    shell_binary: Option<String>,
    shell_args: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunShellCommand {
    command: Option<String>,
    args: Option<Vec<String>>,
    tail: Option<usize>,
}

pub(super) fn specs() -> Vec<ToolSpec> {
    vec![spec(
        "run_shell_command",
        "Runs a command in the workspace and returns the last lines of its output. Give either \
         `command` (run by a shell) or `args` (run as it is, without a shell).",
        &[
            Parameter::optional("command", "string", "A command line for the shell."),
            Parameter::optional("args", "strings", "The program and its arguments."),
            Parameter::optional(
                "tail",
                "integer",
                "How many lines of output to return; 100 unless given.",
            ),
        ],
    )]
}

pub(super) async fn call(
    bench: &Bench<'_>,
    skill: &SkillGrant,
    request: &ToolCallRequest,
) -> Answer {
    let configuration: Configuration = configuration(skill)?;
    let arguments: RunShellCommand = arguments(request)?;
    let policy = Policy::new(configuration.allowed_commands, configuration.blocked_commands);
    let shell = configuration.shell_binary.as_deref().unwrap_or("/bin/sh");
    let (program, args) = match (arguments.command, arguments.args) {
        (Some(line), None) => {
            policy.check_line(shell, &line)?;
            let mut args = configuration.shell_args.unwrap_or_default();
            args.extend(["-c".to_owned(), line]);
            (shell.to_owned(), args)
        }
        (None, Some(args)) => {
            policy.check_args(&args)?;
            let mut args = args.into_iter();
            let program = args.next().ok_or_else(|| Stop::refused("`args` is empty."))?;
            (program, args.collect())
        }
        _ => return Err(Stop::refused("Give either `command` or `args`.")),
    };
    let mut command = CommandSpec::new(&program, args, bench.idempotency_key);
    let seconds = configuration.timeout.unwrap_or(DEFAULT_TIMEOUT).clamp(1, LONGEST_TIMEOUT);
    command.timeout = Duration::from_secs(seconds);
    if let Some(directory) = configuration.working_directory {
        let files = bench.workspace.files().to_owned();
        command.cwd = Some(
            blocking(move || {
                // Opened to refuse a link that leads outside. One planted after this look leads to
                // what the wall denies anyway.
                let (relative, _) = Folder::open(&files)?.base(&directory)?;
                Ok(files.join(relative))
            })
            .await?,
        );
    }
    let finished = bench.run(command).await?;
    let tail = arguments.tail.unwrap_or(100);
    report(&program, finished, |stdout| last_lines(stdout, tail))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
