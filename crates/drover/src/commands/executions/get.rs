//! `drover execution get`.

use clap::Args;
use drover_wire::Nothing;
use drover_wire::executions::{ExecutionReply, Get};

use super::show;
use crate::cli::{ClientFlags, Shell};
use crate::client;
use crate::exit::{Exit, Outcome};
use crate::table;
use crate::transcript::{clean, spent};

/// Flags.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// The execution's id
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientFlags,
}

/// Prints its fields and its result.
pub async fn run(args: GetArgs, shell: &Shell) -> Outcome {
    let client = client::connect(&shell.config(&args.client)?)?;
    let run = client.call::<Get>(&[&args.id], &[], &Nothing {}).await?;
    if args.json {
        shell.printer.json(&run)?;
    } else {
        shell.printer.data(&shown(&run))?;
    }
    Ok(Exit::Done)
}

fn shown(run: &ExecutionReply) -> String {
    let text = |text: &Option<String>| clean(text.as_deref().unwrap_or_default());
    table::fields(vec![
        ("id", run.id.clone()),
        ("status", show::status(run)),
        ("agent", clean(run.entity_name.as_deref().unwrap_or(&run.entity_id))),
        ("job", text(&run.job_id)),
        ("queue", text(&run.runner_name)),
        ("started by", text(&run.user_email)),
        ("created", table::time(Some(&run.created_at))),
        ("took", show::took(run)),
        ("model", clean(run.usage["model"].as_str().unwrap_or_default())),
        ("spent", spent(&run.usage)),
        ("prompt", clean(&run.prompt)),
        ("error", text(&run.error_message)),
        ("result", text(&run.response)),
    ])
}
