//! `drover worker`: executes the work of a plane elsewhere, over HTTP(S) alone.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use drover_domain::QueueId;
use drover_domain::workers::PROTOCOL;
use drover_wire::client::Client;
use drover_wire::workers::{TakesFrom, WorkerRegister, WorkerSystemInfo};
use drover_worker::WorkerHandle;
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::cli::{ClientFlags, Shell};
use crate::config::LogFormat;
use crate::exit::{Exit, Outcome};
use crate::plane_process::check_wall;
use crate::printer::Printer;
use crate::remote::Remote;
use crate::signals::Signals;
use crate::{client, executor, logging};

/// The longest that leaving the plane takes.
const FAREWELL: Duration = Duration::from_secs(5);

/// Flags.
#[derive(Debug, Args, Serialize)]
pub struct WorkerArgs {
    /// A queue to serve, by its id; give it again for more
    #[arg(long = "queue", value_name = "ID", required = true)]
    #[serde(skip)]
    queues: Vec<QueueId>,
    /// A label that lists of workers show; give it again for more
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = label)]
    #[serde(skip)]
    labels: Vec<(String, String)>,
    /// Where work comes from: `http` is the plane itself, by long poll [default: Temporal where the
    /// plane has one, else the plane]
    #[arg(long, value_name = "FROM")]
    #[serde(skip)]
    plane: Option<From>,
    /// Where Temporal is, if not where the plane finds it
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    temporal_address: Option<String>,
    /// Seconds that what runs has to end when the worker is told to
    #[arg(long, value_name = "N", default_value_t = 60)]
    #[serde(skip)]
    drain_seconds: u64,
    /// Where tools work [default: <DATA_DIR>-workspaces]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    workspaces_dir: Option<PathBuf>,
    /// The model of agents that name none
    #[arg(long, value_name = "MODEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    default_model: Option<String>,
    /// Model calls in flight at once [default: 1024]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_model_calls: Option<u64>,
    /// Tool processes at once [default: 16]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tool_processes: Option<u64>,
    /// Run tools even if this kernel cannot wall them off
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_unwalled_tools: bool,
    /// Which log lines to write, such as `info` or `warn,drover_worker=debug`
    #[arg(long, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    /// How log lines look [default: pretty]
    #[arg(long, value_name = "FORMAT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<LogFormat>,
    #[command(flatten)]
    #[serde(flatten)]
    client: ClientFlags,
}

/// Where work comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum From {
    /// From the plane, by long poll over HTTP(S) alone.
    Http,
    /// From Temporal's task queues.
    Temporal,
}

/// Serves until it is told to stop; then what runs may end.
pub async fn run(args: WorkerArgs, shell: &Shell) -> Outcome {
    let config = shell.config(&args)?;
    logging::start(config.log.as_deref().unwrap_or(logging::USUAL), config.log_format)?;
    let mut signals = Signals::listen()?;
    check_wall(&config)?;
    let client = client::connect(&config)?;
    warn(&client, shell.printer);
    let register = registration(args.queues, args.labels, args.plane);
    let registering = Remote::register(client.clone(), register, &config);
    let (remote, registered) = tokio::select! {
        registered = registering => registered?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    let started = executor::worker(&config, remote.clone());
    let worker = match started {
        Ok(worker) => worker.start(),
        Err(error) => {
            farewell(&remote).await;
            return Err(error);
        }
    };
    let queues = registered.queue_names.join("`, `");
    let place = client.url().bold().to_string();
    shell.printer.note(&format!(
        "Worker {} serves `{queues}` of `{}` at {place}",
        registered.worker_id, registered.organization_id
    ));
    tokio::select! {
        () = signals.next() => {}
        error = remote.refusal() => {
            worker.stop().await;
            return Err(error);
        }
    }
    let grace = Duration::from_secs(args.drain_seconds);
    // Side by side: what has arrived can be given up only once nobody waits for it any more.
    let drained = drain(&worker, grace, &mut signals, shell.printer);
    let (exit, ()) = tokio::join!(drained, remote.drain());
    // Before what still runs is stopped: nothing of it may be reported as its end.
    farewell(&remote).await;
    worker.stop().await;
    if tokio::time::timeout(FAREWELL, remote.close()).await.is_err() {
        tracing::warn!("Temporal will find out that this worker left");
    }
    Ok(exit)
}

/// Lets what runs end, for as long as the grace lasts; a second signal ends that.
async fn drain(
    worker: &WorkerHandle,
    grace: Duration,
    signals: &mut Signals,
    printer: Printer,
) -> Exit {
    let seconds = grace.as_secs();
    printer.note(&format!(
        "taking no more work; what runs has {seconds} s to end (Ctrl-C again gives it to others)"
    ));
    tokio::select! {
        () = worker.drain() => Exit::Done,
        () = tokio::time::sleep(grace) => {
            printer.note("what still runs is given to others");
            Exit::Done
        }
        () = signals.next() => Exit::Interrupted,
    }
}

async fn farewell(remote: &Remote) {
    match tokio::time::timeout(FAREWELL, remote.leave()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the plane will find out that this worker left"),
        Err(_) => tracing::warn!("the plane will find out that this worker left"),
    }
}

fn registration(
    queues: Vec<QueueId>,
    labels: Vec<(String, String)>,
    from: Option<From>,
) -> WorkerRegister {
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let system_info = WorkerSystemInfo {
        hostname: Some(hostname.trim().to_owned()),
        os_name: Some(std::env::consts::OS.to_owned()),
        platform: Some(std::env::consts::ARCH.to_owned()),
        pid: Some(std::process::id().into()),
        cpu_count: i64::try_from(cpus).ok(),
        sdk_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        supported_runtimes: Some(vec!["default".to_owned()]),
        ..WorkerSystemInfo::default()
    };
    WorkerRegister {
        queues,
        protocol: PROTOCOL,
        takes_from: from.map(|from| match from {
            From::Http => TakesFrom::Http,
            From::Temporal => TakesFrom::Temporal,
        }),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        labels: BTreeMap::from_iter(labels),
        system_info,
    }
}

fn warn(client: &Client, printer: Printer) {
    if client.url().starts_with("http://") && !client::is_loopback(client.url()) {
        printer.warn("keys, prompts and secrets travel over plain HTTP");
        printer.hint("put a proxy with TLS in front of the plane and use its `https://` address");
    }
}

fn label(text: &str) -> Result<(String, String), &'static str> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
