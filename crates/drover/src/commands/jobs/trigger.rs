//! `drover job trigger`: starts a run, and follows it or waits for it if asked to.

use clap::Args;
use drover_wire::executions::ExecutionReply;
use drover_wire::jobs::{JobTriggerReply, Trigger, TriggerJob};
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value};

use crate::cli::{ClientFlags, Shell};
use crate::client;
use crate::exit::{CommandError, Exit, Outcome};
use crate::follow::{Follow, Form};
use crate::printer::Printer;
use crate::signals::Signals;
use crate::transcript::{clean, spent};

/// Flags.
#[derive(Debug, Args)]
pub struct TriggerArgs {
    /// The job's id
    id: String,
    /// A parameter of the prompt; wins over `--params`
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    parameters: Vec<(String, String)>,
    /// All parameters, as a JSON object
    #[arg(long, value_name = "JSON", value_parser = object)]
    params: Option<Map<String, Value>>,
    /// Show the run's events until it ends
    #[arg(long, short, conflicts_with = "wait")]
    follow: bool,
    /// Wait up to so many seconds for the result
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=60))]
    wait: Option<u32>,
    /// Triggers with the same key start one run
    #[arg(long, value_name = "KEY", value_parser = HeaderValue::from_str)]
    idempotency_key: Option<HeaderValue>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientFlags,
}

/// Prints the run's id, its events or its result.
pub async fn run(args: TriggerArgs, shell: &Shell) -> Outcome {
    let client = client::connect(&shell.config(&args.client)?)?;
    let mut signals = Signals::listen()?;
    let headers = headers(&args)?;
    let mut parameters = args.params.unwrap_or_default();
    parameters.extend(args.parameters.into_iter().map(|(name, value)| (name, value.into())));
    let body = TriggerJob { parameters, config_override: None };
    let path = [args.id.as_str()];
    let run = tokio::select! {
        run = client.call_with::<Trigger>(&path, &[], &body, headers) => run?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    if args.follow {
        let form = if args.json { Form::Json } else { Form::Text };
        shell.printer.note(&format!("execution {}", run.execution_id));
        return Follow::new(&client, &run.execution_id, shell.printer, form)
            .run(&mut signals)
            .await;
    }
    tell(&run, args.json, args.wait, shell.printer)
}

fn tell(run: &JobTriggerReply, json: bool, wait: Option<u32>, printer: Printer) -> Outcome {
    if json {
        printer.json(run)?;
    }
    let Some(ended) = &run.execution else {
        if !json {
            printer.data(&run.execution_id)?;
        }
        if let Some(seconds) = wait {
            printer.note(&format!("the run has not ended within {seconds} s and goes on"));
        }
        let id = &run.execution_id;
        printer.hint(&format!("watch it with `drover execution logs {id} --follow`"));
        return Ok(Exit::Done);
    };
    if !json {
        printer.data(&clean(ended.response.as_deref().unwrap_or_default()))?;
    }
    Ok(concluded(ended, printer))
}

fn concluded(ended: &ExecutionReply, printer: Printer) -> Exit {
    let why = clean(ended.error_message.as_deref().unwrap_or_default());
    let why = if why.is_empty() { why } else { format!(": {why}") };
    printer.note(&format!("execution {} {}{why}", ended.id, ended.status));
    let spent = spent(&ended.usage);
    if !spent.is_empty() {
        printer.note(&spent);
    }
    if ended.status == "completed" { Exit::Done } else { Exit::RunFailed }
}

fn headers(args: &TriggerArgs) -> Result<HeaderMap, CommandError> {
    let mut headers = HeaderMap::new();
    if let Some(seconds) = args.wait {
        let value = HeaderValue::from_str(&format!("wait={seconds}"));
        headers.insert("prefer", value.map_err(|error| CommandError::usage(error.to_string()))?);
    }
    if let Some(key) = &args.idempotency_key {
        headers.insert("idempotency-key", key.clone());
    }
    Ok(headers)
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it should be NAME=VALUE".to_owned()),
    }
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("it should be a JSON object: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_cut_at_the_first_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("a").is_err());
        assert!(pair("=b").is_err());
    }

    #[test]
    fn parameters_are_an_object() {
        assert!(object(r#"{"a": 1}"#).is_ok());
        assert!(object("[1]").is_err());
    }
}
