//! `drover execution list`.

use clap::Args;
use drover_wire::Nothing;
use drover_wire::executions::{ExecutionReply, List};

use super::show;
use crate::cli::{ClientFlags, Shell};
use crate::client;
use crate::exit::{Exit, Outcome};
use crate::table;
use crate::transcript::{clean, shortened};

/// Flags.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those in this state: `running`, `completed`, `failed`, …
    #[arg(long)]
    status: Option<String>,
    /// Only those of this agent
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Only those of this job
    #[arg(long, value_name = "ID")]
    job: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientFlags,
}

/// Prints a row each.
pub async fn run(args: ListArgs, shell: &Shell) -> Outcome {
    let client = client::connect(&shell.config(&args.client)?)?;
    let limit = args.limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    for (name, value) in
        [("status", &args.status), ("agent_id", &args.agent), ("job_id", &args.job)]
    {
        query.extend(value.as_deref().map(|value| (name, value)));
    }
    let runs = client.call::<List>(&[], &query, &Nothing {}).await?;
    if args.json {
        shell.printer.json(&runs)?;
    } else if runs.is_empty() {
        shell.printer.note("no executions");
    } else {
        let head = ["ID", "STATUS", "AGENT", "CREATED", "TOOK", "TOKENS", "PROMPT"];
        let rows = runs.iter().map(row).collect();
        shell.printer.data(&table::list(&shell.printer, &head, rows))?;
    }
    Ok(Exit::Done)
}

fn row(run: &ExecutionReply) -> Vec<String> {
    let prompt = clean(&run.prompt);
    let tokens = run.usage["total_tokens"].as_u64().map(|tokens| tokens.to_string());
    vec![
        run.id.clone(),
        run.status.clone(),
        shortened(&clean(run.entity_name.as_deref().unwrap_or(&run.entity_id)), 30),
        table::time(Some(&run.created_at)),
        show::took(run),
        tokens.unwrap_or_default(),
        shortened(prompt.lines().next().unwrap_or_default(), 40),
    ]
}
