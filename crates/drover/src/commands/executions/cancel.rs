//! `drover execution cancel`.

use clap::Args;
use drover_wire::Nothing;
use drover_wire::executions::Cancel;

use crate::cli::{ClientFlags, Shell};
use crate::client;
use crate::exit::{CommandError, Exit, Outcome};

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
        return Ok(if reply.success { Exit::Done } else { Exit::Refused });
    }
    if !reply.success {
        let why = reply.error.unwrap_or_else(|| "the execution was not cancelled".to_owned());
        return Err(CommandError::refused(why));
    }
    shell.printer.note(reply.message.as_deref().unwrap_or("the execution is cancelled"));
    Ok(Exit::Done)
}
