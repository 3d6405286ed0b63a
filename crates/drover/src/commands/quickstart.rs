//! `drover quickstart`: from nothing to a run that can be watched, with one command.

use clap::Args;
use drover_wire::client::Client;
use drover_wire::{Nothing, executions, jobs};
use owo_colors::OwoColorize;
use serde::Serialize;
use serde_json::json;

use crate::cli::{PlaneFlags, Shell};
use crate::config::Config;
use crate::data_directory::{Credentials, DataDirectory};
use crate::exit::{CommandError, Exit, Outcome};
use crate::follow::{Follow, Form};
use crate::plane_process;
use crate::printer::Printer;
use crate::signals::Signals;
use crate::transcript::{clean, spent};
use crate::{client, logging, seed, table};

/// Whom the job greets.
const NAME: &str = "world";

/// Flags.
#[derive(Debug, Args, Serialize)]
pub struct QuickstartArgs {
    /// End after the run instead of serving on
    #[arg(long)]
    #[serde(skip)]
    exit: bool,
    #[command(flatten)]
    #[serde(flatten)]
    plane: PlaneFlags,
}

/// Starts a plane, runs its job, and serves on. If the run fails the plane ends too: whatever is to
/// be mended is read at the next start.
pub async fn run(args: QuickstartArgs, shell: &Shell) -> Outcome {
    let mut config = shell.config(&args)?;
    config.allow_unwalled_tools = true;
    logging::start(config.log.as_deref().unwrap_or("warn"), config.log_format)?;
    let (mut signals, printer) = (Signals::listen()?, shell.printer);
    plane_process::warn(&config, printer);
    let (plane, credentials) = tokio::select! {
        started = seed::start(&config, printer) => started?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    introduce(&config, &credentials, &plane.directory, printer);
    let client = client::client(&plane.url, Some(&credentials.api_key))?;
    let outcome = watch_a_run(&client, &credentials, printer, &mut signals).await;
    if let Ok((Exit::Done, execution)) = &outcome {
        conclude(&client, &credentials, execution, &plane.directory, printer).await?;
        if !args.exit {
            printer.note(&format!("\nDrover serves at {} until Ctrl-C", plane.url.bold()));
            return Ok(plane.until_stopped(&mut signals, printer).await);
        }
    }
    plane.stop().await;
    outcome.map(|(exit, _)| exit)
}

fn introduce(
    config: &Config,
    credentials: &Credentials,
    directory: &DataDirectory,
    printer: Printer,
) {
    let version = env!("CARGO_PKG_VERSION");
    printer.note(&format!("{} serves at {}", format!("Drover {version}").bold(), credentials.url));
    let data = directory.path().display().to_string();
    let model = match (config.has_provider(), &config.default_model) {
        (true, Some(model)) => model.clone(),
        (true, None) => "the configured provider's default".to_owned(),
        (false, _) => "drover/offline, a built-in stand-in".to_owned(),
    };
    printer.note(&table::fields(vec![
        ("  data", data),
        ("  organization", credentials.organization_id.clone()),
        ("  agent", credentials.agent_id.clone()),
        ("  job", credentials.job_id.clone()),
        ("  model", model),
    ]));
    if !config.has_provider() {
        printer.hint("set `OPENAI_API_KEY` or `ANTHROPIC_API_KEY` for a real language model");
    }
}

/// Triggers the job and shows its events.
async fn watch_a_run(
    client: &Client,
    credentials: &Credentials,
    printer: Printer,
    signals: &mut Signals,
) -> Result<(Exit, String), CommandError> {
    let parameters = [("name".to_owned(), json!(NAME))].into_iter().collect();
    let body = jobs::TriggerJob { parameters, config_override: None };
    let run = client.call::<jobs::Trigger>(&[&credentials.job_id], &[], &body).await?;
    printer.note(&format!("\nThe job is triggered; this is execution {}\n", run.execution_id));
    let follow = Follow::new(client, &run.execution_id, printer, Form::Text);
    let exit = follow.run(signals).await?;
    Ok((exit, run.execution_id))
}

/// The result, what it took, and how to do the same by hand.
async fn conclude(
    client: &Client,
    credentials: &Credentials,
    execution: &str,
    directory: &DataDirectory,
    printer: Printer,
) -> Result<(), CommandError> {
    let run = client.call::<executions::Get>(&[execution], &[], &Nothing {}).await?;
    let url = client.url();
    printer.data("")?;
    printer.data(&table::fields(vec![
        ("result", clean(run.response.as_deref().unwrap_or_default())),
        ("model", clean(run.usage["model"].as_str().unwrap_or_default())),
        ("spent", spent(&run.usage)),
        ("run", format!("{url}/api/v1/executions/{execution}")),
        ("events", format!("{url}/api/v1/executions/{execution}/stream")),
        ("API", format!("{url}/api/openapi.json")),
    ]))?;
    printer.data(&format!("\n{}", "The same with curl".bold()))?;
    printer.data(&curl(url, &credentials.job_id, execution, directory))?;
    Ok(())
}

fn curl(url: &str, job: &str, execution: &str, directory: &DataDirectory) -> String {
    let file = directory.path().join("credentials");
    let file = file.display();
    format!(
        r#"  key=$(sed 's/.*"api_key":"\([^"]*\)".*/\1/' '{file}')
  curl -H "Authorization: Bearer $key" -H 'Prefer: wait=60' \
    --json '{{"parameters":{{"name":"{NAME}"}}}}' {url}/api/v1/jobs/{job}/trigger
  curl -N -H "Authorization: Bearer $key" {url}/api/v1/executions/{execution}/stream"#
    )
}
