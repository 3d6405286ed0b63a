//! `drover serve`: a plane with nothing in it but what its operator makes.

use clap::Args;
use serde::Serialize;

use crate::cli::{PlaneFlags, Shell};
use crate::exit::{Exit, Outcome};
use crate::logging;
use crate::plane_process::{self, PlaneProcess};
use crate::signals::Signals;

/// Flags.
#[derive(Debug, Args, Serialize)]
pub struct ServeArgs {
    /// Run tools even if this kernel cannot wall them off
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_unwalled_tools: bool,
    /// Seconds in which it still takes requests once it is told to stop [default: 0]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    drain_seconds: Option<u64>,
    #[command(flatten)]
    #[serde(flatten)]
    plane: PlaneFlags,
}

/// Serves until it is told to stop.
pub async fn run(args: ServeArgs, shell: &Shell) -> Outcome {
    let config = shell.config(&args)?;
    logging::start(config.log.as_deref().unwrap_or(logging::USUAL), config.log_format)?;
    let mut signals = Signals::listen()?;
    plane_process::warn(&config, shell.printer);
    let plane = tokio::select! {
        plane = PlaneProcess::start(&config) => plane?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    shell.printer.note(&format!("Drover serves at {}", plane.url));
    Ok(plane.until_stopped(&mut signals, shell.printer).await)
}
