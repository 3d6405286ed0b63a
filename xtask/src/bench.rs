//! `cargo xtask bench`: builds what is shipped and what measures it, and lets that run.

use anyhow::Result;

use crate::process;
use crate::services::Services;
use crate::workspace::Workspace;

/// Hands its arguments on to `drover-benches`, with the servers beside it that it needs.
pub fn run(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let packages = ["-p", "drover", "-p", "model-server", "-p", "drover-benches"];
    let build = [&["build", "--release", "--locked"][..], &packages].concat();
    process::run(workspace.root(), "cargo", &build)?;
    let program = workspace.program("release", "drover-benches");
    if !arguments.contains(&"scale") {
        return process::run(workspace.root(), program, arguments);
    }
    // By itself: it must not choose the features of what is shipped.
    let bare = ["build", "--release", "--locked", "-p", "drover-temporal", "--example", "bare"];
    process::run(workspace.root(), "cargo", &bare)?;
    let services = Services::find(workspace)?;
    let found = services.start()?;
    let temporal = services.temporal_program().to_string_lossy();
    let servers = [
        ["--postgres", &found.database_url],
        ["--temporal", &found.temporal_address],
        ["--temporal-program", &temporal],
    ];
    let arguments = [arguments, servers.as_flattened()].concat();
    let measured = process::run(workspace.root(), program, &arguments);
    // Also where a bound was missed.
    services.stop()?;
    measured
}
