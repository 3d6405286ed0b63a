//! `drover dev`: a plane to develop against, with something in it.

use clap::Args;
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::cli::{PlaneFlags, Shell};
use crate::data_directory::{Credentials, DataDirectory};
use crate::exit::{Exit, Outcome};
use crate::plane_process;
use crate::printer::Printer;
use crate::signals::Signals;
use crate::{logging, seed, table};

/// Flags.
#[derive(Debug, Args, Serialize)]
pub struct DevArgs {
    /// Print one line of JSON when ready: url, api_key and the ids
    #[arg(long)]
    #[serde(skip)]
    json: bool,
    #[command(flatten)]
    #[serde(flatten)]
    plane: PlaneFlags,
}

/// Serves until it is told to stop.
pub async fn run(args: DevArgs, shell: &Shell) -> Outcome {
    let mut config = shell.config(&args)?;
    config.allow_unwalled_tools = true;
    logging::start(config.log.as_deref().unwrap_or(logging::USUAL), config.log_format)?;
    let mut signals = Signals::listen()?;
    plane_process::warn(&config, shell.printer);
    let (plane, credentials) = tokio::select! {
        started = seed::start(&config, shell.printer) => started?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    if args.json {
        shell.printer.line(&credentials)?;
    } else {
        tell(&credentials, &plane.directory, shell.printer);
    }
    Ok(plane.until_stopped(&mut signals, shell.printer).await)
}

fn tell(credentials: &Credentials, directory: &DataDirectory, printer: Printer) {
    printer.note(&format!("Drover serves at {}", credentials.url.bold()));
    let key = format!("in {}/credentials", directory.path().display());
    printer.note(&table::fields(vec![
        ("  organization", credentials.organization_id.clone()),
        ("  agent", credentials.agent_id.clone()),
        ("  job", credentials.job_id.clone()),
        ("  API key", key),
    ]));
    let trigger = format!("drover job trigger {} -p name=you --follow", credentials.job_id);
    printer.hint(&format!("try `{trigger}` in another terminal"));
}
