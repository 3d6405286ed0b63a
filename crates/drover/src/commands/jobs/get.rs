//! `drover job get`.

use clap::Args;
use drover_wire::Nothing;
use drover_wire::jobs::{Get, JobResponse};

use crate::cli::{ClientFlags, Shell};
use crate::client;
use crate::exit::{Exit, Outcome};
use crate::table;
use crate::transcript::clean;

/// Flags.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// The job's id
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientFlags,
}

/// Prints its fields.
pub async fn run(args: GetArgs, shell: &Shell) -> Outcome {
    let client = client::connect(&shell.config(&args.client)?)?;
    let job = client.call::<Get>(&[&args.id], &[], &Nothing {}).await?;
    if args.json {
        shell.printer.json(&job)?;
    } else {
        shell.printer.data(&shown(job))?;
    }
    Ok(Exit::Done)
}

fn shown(job: JobResponse) -> String {
    let text = Option::unwrap_or_default;
    let runs = format!(
        "{} ({} completed, {} failed)",
        job.total_executions, job.successful_executions, job.failed_executions
    );
    let schedule = job.cron_schedule.map(|cron| format!("{cron} ({})", text(job.cron_timezone)));
    let entity = job.entity_name.or(job.entity_id);
    table::fields(vec![
        ("id", job.id),
        ("name", clean(&job.name)),
        ("description", clean(&text(job.description))),
        ("status", job.status),
        ("trigger", job.trigger_type),
        ("schedule", text(schedule)),
        ("next run", table::time(job.next_execution_at.as_deref())),
        ("webhook", text(job.webhook_url)),
        ("runs by", clean(&format!("{} {}", text(job.entity_type), text(entity)))),
        ("queue", text(job.worker_queue_name)),
        ("runs", runs),
        ("last run", text(job.last_execution_id)),
        ("created", table::time(Some(&job.created_at))),
        ("prompt", clean(&job.prompt_template)),
    ])
}
