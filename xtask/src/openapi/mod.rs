//! The OpenAPI document: committed as `openapi.json`, made from the code, and compared with the
//! contract (`tests/contract/surface.json`). What is missing is listed in
//! `tests/contract/missing.json`; the list only shrinks.

mod compare;
mod missing;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

const DOCUMENT: &str = "openapi.json";
const SURFACE: &str = "tests/contract/surface.json";
const MISSING: &str = "tests/contract/missing.json";

/// Writes the document.
pub fn write(workspace: &Workspace) -> Result<String> {
    std::fs::write(workspace.path(DOCUMENT), from_code(workspace, &build(workspace)?)?)?;
    Ok(format!("wrote {DOCUMENT}"))
}

/// Builds the program and checks.
pub fn check(workspace: &Workspace) -> Result<String> {
    build(workspace)?;
    check_built(workspace)
}

/// Checks with a program that has been built.
pub fn check_built(workspace: &Workspace) -> Result<String> {
    let code = from_code(workspace, &workspace.program("debug", "drover"))?;
    if read(workspace, DOCUMENT)? != code {
        bail!("{DOCUMENT} is not what the code says; run `cargo xtask openapi`");
    }
    let findings = findings(workspace, &code)?;
    let listed = missing::parse(&read(workspace, MISSING)?).context(MISSING)?;
    let faults = missing::faults(&listed, &findings);
    if !faults.is_empty() {
        bail!("{MISSING}:\n  {}", faults.join("\n  "));
    }
    Ok(format!("{} findings against the contract, all of them listed", findings.len()))
}

/// For whoever edits the list.
pub fn print_findings(workspace: &Workspace) -> Result<()> {
    let code = from_code(workspace, &build(workspace)?)?;
    for finding in findings(workspace, &code)? {
        println!("{finding}");
    }
    Ok(())
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    process::run(workspace.root(), "cargo", &["build", "--quiet", "--package", "drover"])?;
    Ok(workspace.program("debug", "drover"))
}

fn from_code(workspace: &Workspace, drover: &PathBuf) -> Result<String> {
    process::output(workspace.root(), drover, &["openapi"])
}

fn findings(workspace: &Workspace, code: &str) -> Result<std::collections::BTreeSet<String>> {
    let ours: Value = serde_json::from_str(code).context("what `drover openapi` prints")?;
    let contract: Value = serde_json::from_str(&read(workspace, SURFACE)?).context(SURFACE)?;
    Ok(compare::findings(&contract, &ours))
}

fn read(workspace: &Workspace, path: &str) -> Result<String> {
    std::fs::read_to_string(workspace.path(path)).with_context(|| format!("cannot read {path}"))
}
