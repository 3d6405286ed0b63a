//! The command line: commands, and the flags that several of them share.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use crate::commands::{
    dev, executions, export, import, jobs, openapi, organizations, quickstart, serve, worker,
};
use crate::config::{Config, LogFormat};
use crate::exit::{CommandError, EXIT_CODES, Outcome};
use crate::printer::Printer;

/// A self-hosted control plane for AI agents.
///
/// `drover quickstart` shows a run from end to end. Settings come from flags, over `DROVER_*`
/// variables, over `drover.toml` in the working directory.
#[derive(Debug, Parser)]
#[command(name = "drover", version, after_long_help = EXIT_CODES, max_term_width = 100)]
#[command(propagate_version = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Read this file instead of `drover.toml`.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a plane here, run a job on it, and watch it.
    Quickstart(quickstart::QuickstartArgs),
    /// Start a plane for development, with an organization, an agent and a job in it.
    Dev(dev::DevArgs),
    /// Start a plane.
    Serve(serve::ServeArgs),
    /// Execute the work of a plane on this machine.
    Worker(worker::WorkerArgs),
    /// Organizations of the running plane, for its operator.
    Org {
        #[command(subcommand)]
        command: Organization,
    },
    /// Jobs: see and trigger them.
    Job {
        #[command(subcommand)]
        command: Job,
    },
    /// Executions: see, follow and cancel them.
    #[command(alias = "exec")]
    Execution {
        #[command(subcommand)]
        command: Execution,
    },
    /// Write an organization with all that it has into a file, for another plane.
    Export(export::ExportArgs),
    /// Take an organization in from a file of `drover export`.
    Import(import::ImportArgs),
    /// Print the OpenAPI document of the API.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum Organization {
    /// Make an organization, with an owner's key, an environment and a queue.
    Create(organizations::create::CreateArgs),
}

#[derive(Debug, Subcommand)]
enum Job {
    /// List jobs, newest first.
    List(jobs::list::ListArgs),
    /// Show a job.
    Get(jobs::get::GetArgs),
    /// Start a run of a job now.
    Trigger(jobs::trigger::TriggerArgs),
}

#[derive(Debug, Subcommand)]
enum Execution {
    /// List executions, newest first.
    List(executions::list::ListArgs),
    /// Show an execution with its result.
    Get(executions::get::GetArgs),
    /// Show the events of an execution.
    Logs(executions::logs::LogsArgs),
    /// Stop an execution.
    Cancel(executions::cancel::CancelArgs),
}

/// What every command gets.
#[derive(Debug)]
pub struct Shell {
    /// Writes.
    pub printer: Printer,
    variables: BTreeMap<String, String>,
    config: Option<PathBuf>,
}

impl Shell {
    /// The configuration under a command's flags.
    pub fn config(&self, flags: &impl Serialize) -> Result<Config, CommandError> {
        Config::load(self.config.as_deref(), &self.variables, flags)
    }
}

/// Flags of the commands that start a plane. The names are those of the configuration.
#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "Plane")]
pub struct PlaneFlags {
    /// Where the plane keeps its database, keys and credentials [default: ./.drover]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<PathBuf>,
    /// A Postgres database instead of the SQLite file; better given as DROVER_DATABASE_URL, which
    /// no other process can see
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_url: Option<String>,
    /// A Temporal server that drives the runs, as in http://temporal:7233; workers take their work
    /// from there
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    temporal_address: Option<String>,
    /// The namespace there [default: default]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    temporal_namespace: Option<String>,
    /// The address to listen on; port 0 takes a free one [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<String>,
    /// The address under which clients reach the plane
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    /// Where tools work [default: <DATA_DIR>-workspaces]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    workspaces_dir: Option<PathBuf>,
    /// The model of agents that name none
    #[arg(long, value_name = "MODEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    default_model: Option<String>,
    /// Model calls in flight at once [default: 1024]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_model_calls: Option<u64>,
    /// Tool processes at once [default: 16]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tool_processes: Option<u64>,
    /// Which log lines to write, such as `info` or `warn,drover_engine=debug`
    #[arg(long, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    /// How log lines look [default: pretty]
    #[arg(long, value_name = "FORMAT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<LogFormat>,
}

/// Flags of the commands that open the database of a plane that does not run.
#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "Database")]
pub struct DatabaseFlags {
    /// The data directory of the plane [default: ./.drover]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<PathBuf>,
    /// Its Postgres database, if it has one; better given as DROVER_DATABASE_URL, which no other
    /// process can see
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_url: Option<String>,
}

/// Flags of the commands that speak to a plane.
#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "Connection")]
pub struct ClientFlags {
    /// The plane to speak to [default: the one that runs on the data directory]
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The key to use [default: the one in the data directory]
    #[arg(long, value_name = "KEY", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    /// The data directory to look into [default: ./.drover]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<PathBuf>,
}

impl Cli {
    /// Whether the command is a server, with the threads of one.
    pub fn is_server(&self) -> bool {
        matches!(
            self.command,
            Command::Quickstart(_) | Command::Dev(_) | Command::Serve(_) | Command::Worker(_)
        )
    }

    /// Runs the command.
    pub async fn run(self, printer: Printer, variables: BTreeMap<String, String>) -> Outcome {
        let shell = Shell { printer, variables, config: self.config };
        match self.command {
            Command::Quickstart(args) => quickstart::run(args, &shell).await,
            Command::Dev(args) => dev::run(args, &shell).await,
            Command::Serve(args) => serve::run(args, &shell).await,
            Command::Worker(args) => worker::run(args, &shell).await,
            Command::Export(args) => export::run(args, &shell).await,
            Command::Import(args) => import::run(args, &shell).await,
            Command::Openapi => openapi::run(&shell),
            Command::Org { command: Organization::Create(args) } => {
                organizations::create::run(args, &shell).await
            }
            Command::Job { command } => match command {
                Job::List(args) => jobs::list::run(args, &shell).await,
                Job::Get(args) => jobs::get::run(args, &shell).await,
                Job::Trigger(args) => jobs::trigger::run(args, &shell).await,
            },
            Command::Execution { command } => match command {
                Execution::List(args) => executions::list::run(args, &shell).await,
                Execution::Get(args) => executions::get::run(args, &shell).await,
                Execution::Logs(args) => executions::logs::run(args, &shell).await,
                Execution::Cancel(args) => executions::cancel::run(args, &shell).await,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_long_help_lists_the_exit_codes() {
        let help = Cli::command().render_long_help().to_string();
        assert!(help.contains("130  interrupted with Ctrl-C"), "{help}");
    }
}
