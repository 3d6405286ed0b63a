//! `drover execution cancel`.

use clap::Args;
use drover_wire::Nothing;
use drover_wire::executions::Cancel;

use crate::cli::{ClientFlags, Shell};
use crate::client;
use crate::exit::{Exit, Outcome};

/// Flags.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The execution's id
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientFlags,
}

/// Stops it. A run that is over already is a refusal.
pub async fn run(args: CancelArgs, shell: &Shell) -> Outcome {
    let client = client::connect(&shell.config(&args.client)?)?;
    let reply = client.call::<Cancel>(&[&args.id], &[], &Nothing {}).await?;
    if args.json {
        shell.printer.json(&reply)?;
    } else {
        let told = if reply.success { &reply.message } else { &reply.error };
        shell.printer.note(told.as_deref().unwrap_or(&args.id));
    }
    Ok(if reply.success { Exit::Done } else { Exit::Refused })
}
