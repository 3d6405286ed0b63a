//! `drover job list`.

use clap::Args;
use drover_wire::Nothing;
use drover_wire::jobs::{JobResponse, List};

use crate::cli::{ClientFlags, Shell};
use crate::client;
use crate::exit::{Exit, Outcome};
use crate::table;
use crate::transcript::{clean, shortened};

/// Flags.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientFlags,
}

/// Prints a row each.
pub async fn run(args: ListArgs, shell: &Shell) -> Outcome {
    let client = client::connect(&shell.config(&args.client)?)?;
    let jobs = client.call::<List>(&[], &[], &Nothing {}).await?;
    if args.json {
        shell.printer.json(&jobs)?;
    } else if jobs.is_empty() {
        shell.printer.note("no jobs");
    } else {
        let head = ["ID", "NAME", "STATUS", "TRIGGER", "RUNS", "FAILED", "LAST RUN"];
        let rows = jobs.into_iter().map(row).collect();
        shell.printer.data(&table::list(&shell.printer, &head, rows))?;
    }
    Ok(Exit::Done)
}

fn row(job: JobResponse) -> Vec<String> {
    let trigger = match &job.cron_schedule {
        Some(schedule) => format!("{} {schedule}", job.trigger_type),
        None => job.trigger_type,
    };
    vec![
        job.id,
        shortened(&clean(&job.name), 40),
        job.status,
        trigger,
        job.total_executions.to_string(),
        job.failed_executions.to_string(),
        table::time(job.last_execution_at.as_deref()),
    ]
}
