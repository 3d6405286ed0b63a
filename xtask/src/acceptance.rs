//! `cargo xtask acceptance`: the reference's own worker against a plane on Postgres and Temporal, by a
//! harness that lies elsewhere, with clients that it has installed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;
use crate::services::Services;
use crate::workspace::Workspace;

/// What is run unless something else is named: all items about the worker.
const ITEMS: &str = "W01,W02,W03,W04";
/// Where the harness lets its stand-in for models listen.
const MODEL: &str = "http://127.0.0.1:18999";
/// The longest that the plane takes to be connected to Temporal.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ends the plane however the task ends.
struct Plane(Child);

impl Drop for Plane {
    fn drop(&mut self) {
        // Ended already, or it ends now.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Runs items (`W01,W02`, or all about the worker) of the harness in a folder, with clients in another.
pub fn run(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let (harness, clients, items) = match arguments {
        [harness, clients] => (Path::new(harness), *clients, ITEMS),
        [harness, clients, items] => (Path::new(harness), *clients, *items),
        _ => bail!("Usage: cargo xtask acceptance HARNESS CLIENTS [ITEM,ITEM]"),
    };
    // As the tests build it: naming the package would build half the dependencies once more.
    let build = ["build", "--workspace", "--all-targets", "--locked"];
    process::run(workspace.root(), "cargo", &build)?;
    let services = Services::find(workspace)?;
    let found = services.start()?;
    let (address, _) = found.database_url.rsplit_once('/').context("a URL with a database")?;
    let name = format!("acceptance_{}", std::process::id());
    let sql = |statement: String| {
        process::output(workspace.root(), "psql", &[&found.database_url, "-qc", &statement])
    };
    sql(format!("CREATE DATABASE {name}"))?;
    let database = format!("{address}/{name}");
    let directory = std::env::temp_dir().join(&name);
    let passed = judge(workspace, &database, &found.temporal_address, &directory, |plane| {
        let program = harness.join("clients.py");
        let mut command = Command::new("python3");
        command.arg("-B").arg(program).args(["--only", items]).current_dir(harness);
        command.env("DROVER_URL", text(plane, "url")?).env("DROVER_CLIENTS", clients);
        command.env("DROVER_API_KEY", text(plane, "api_key")?);
        let status = command.status().context("run the harness")?;
        if !status.success() {
            bail!("the harness found something ({status})");
        }
        Ok(())
    });
    sql(format!("DROP DATABASE {name} WITH (FORCE)"))?;
    std::fs::remove_dir_all(&directory).context("remove the plane's folder")?;
    passed
}

fn judge(
    workspace: &Workspace,
    database: &str,
    temporal: &str,
    directory: &Path,
    judge: impl FnOnce(&Value) -> Result<()>,
) -> Result<()> {
    let mut command = Command::new(workspace.program("debug", "drover"));
    command
        .args(["dev", "--json", "--listen", "127.0.0.1:0", "--temporal-address", temporal])
        .arg("--data-dir")
        .arg(directory)
        .env("DROVER_DATABASE_URL", database)
        .env("LITELLM_API_URL", MODEL)
        .env("LITELLM_API_KEY", "stand-in")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut plane = Plane(command.spawn().context("start a plane")?);
    let stdout = plane.0.stdout.take().context("its stdout")?;
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line)?;
    let announced: Value = serde_json::from_str(&line).context("what the plane announces")?;
    let ready = format!("{}/api/ready", text(&announced, "url")?);
    let began = Instant::now();
    while !process::output(workspace.root(), "curl", &["-s", &ready])?.contains("connected") {
        if began.elapsed() > PATIENCE {
            bail!("the plane is not connected to Temporal");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    judge(&announced)
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field].as_str().with_context(|| format!("`{field}` of the plane's announcement"))
}
