//! `cargo xtask bench`: builds what is shipped and what measures it, and lets that run.

use anyhow::Result;

use crate::process;
use crate::services::Services;
use crate::workspace::Workspace;

/// Hands its arguments on to `drover-benches`, with a Postgres server beside it where it needs one.
pub fn run(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let packages = ["-p", "drover", "-p", "model-server", "-p", "drover-benches"];
    let build = [&["build", "--release", "--locked"][..], &packages].concat();
    process::run(workspace.root(), "cargo", &build)?;
    let program = workspace.program("release", "drover-benches");
    if !arguments.contains(&"scale") {
        return process::run(workspace.root(), program, arguments);
    }
    let services = Services::find(workspace)?;
    let found = services.start()?;
    let arguments =
        [arguments, &["--postgres", &found.database_url, "--temporal", &found.temporal_address]]
            .concat();
    let measured = process::run(workspace.root(), program, &arguments);
    // Also where a bound was missed.
    services.stop()?;
    measured
}
