//! The binary: puts everything together. Servers (`quickstart`, `dev`, `serve`) are in this process
//! (`plane_process`), client commands and `worker` speak HTTP to one.

mod cli;
mod client;
mod commands;
mod config;
mod config_variables;
mod data_directory;
mod executor;
mod exit;
mod follow;
mod in_process;
mod logging;
mod moving;
mod plane_process;
mod printer;
mod remote;
mod seed;
mod signals;
mod system;
mod table;
mod transcript;

use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::{Builder, Runtime};

use cli::Cli;
use exit::Exit;
use printer::Printer;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The hidden command under which the program starts itself as the supervisor of a tool.
const SANDBOX_EXEC: &str = "sandbox-exec";
/// Threads for calls that block: preparing workspaces, looking up names.
const BLOCKING_THREADS: usize = 32;

fn main() -> ExitCode {
    // Before anything else: a tool call pays for whatever stands above this.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == SANDBOX_EXEC) {
        return drover_worker::sandbox::child::main();
    }
    let cli = Cli::parse();
    let printer = Printer::new();
    // Already installed means the same provider: nothing else in this process does it.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let runtime = match runtime(cli.is_server()) {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.error(&error.into());
            return Exit::Failed.into();
        }
    };
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let exit = match runtime.block_on(cli.run(printer, variables)) {
        Ok(exit) => exit,
        Err(error) => {
            if !error.is_closed_pipe() {
                printer.error(&error);
            }
            error.exit
        }
    };
    // What still runs has had its time.
    runtime.shutdown_timeout(Duration::ZERO);
    exit.into()
}

fn runtime(is_server: bool) -> std::io::Result<Runtime> {
    let mut builder = if is_server {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(available_parallelism().map_or(2, usize::from));
        builder
    } else {
        Builder::new_current_thread()
    };
    builder.max_blocking_threads(BLOCKING_THREADS).enable_all().build()
}
