//! `drover org create`: through the running plane, by the operator's token.

use clap::Args;
use drover_wire::organizations::{Create, OrganizationCreate};

use crate::cli::{ClientFlags, Shell};
use crate::client;
use crate::exit::{Exit, Outcome};
use crate::table;

/// Flags.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Its name: 2 to 64 of `a-z`, `0-9` and `-`
    name: String,
    /// E-mail address of its first owner
    #[arg(long, value_name = "ADDRESS")]
    owner_email: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientFlags,
}

/// Makes it and prints its key, which is shown this once.
pub async fn run(args: CreateArgs, shell: &Shell) -> Outcome {
    let client = client::connect_operator(&shell.config(&args.client)?)?;
    let body = OrganizationCreate { name: args.name, owner_email: args.owner_email };
    let made = client.call::<Create>(&[], &[], &body).await?;
    if args.json {
        shell.printer.line(&made)?;
        return Ok(Exit::Done);
    }
    shell.printer.data(&table::fields(vec![
        ("organization", made.organization_id),
        ("environment", made.environment_id),
        ("queue", made.worker_queue_id),
        ("API key", made.api_key),
    ]))?;
    shell.printer.hint("keep the key now, it is not shown again");
    Ok(Exit::Done)
}
