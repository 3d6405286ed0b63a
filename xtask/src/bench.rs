//! `cargo xtask bench`: builds what is shipped and what measures it, and lets that run.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Hands its arguments on to `drover-benches`.
pub fn run(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let packages = ["-p", "drover", "-p", "model-server", "-p", "drover-benches"];
    let build = [&["build", "--release", "--locked"][..], &packages].concat();
    process::run(workspace.root(), "cargo", &build)?;
    process::run(workspace.root(), workspace.program("release", "drover-benches"), arguments)
}
