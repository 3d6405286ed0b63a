//! Runs through Temporal and a worker, as a share of what Temporal does bare: workflows of one activity
//! that does nothing (`crates/temporal/examples/bare.rs`), before and after, on the same server, with as
//! many callers.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::{Bench, Scaled, Values};
use crate::load;
use crate::plane::Wait;

const CALLERS: usize = 32;

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let before = bare(bench).await?;
    let ours = ours(bench).await?;
    let after = bare(bench).await?;
    eprintln!("    {before:.1}/s bare, {ours:.1}/s ours, {after:.1}/s bare");
    Ok(vec![("scale_share", ours / f64::midpoint(before, after) * 100.0)])
}

async fn ours(bench: &Bench) -> Result<f64> {
    let Scaled { fresh, job, .. } = &bench.scaled("instant").await?;
    let seconds = |real, quick| Duration::from_secs(bench.size(real, quick) as u64);
    load::hammer(&fresh.plane, job, Wait::UntilEnd, CALLERS, seconds(2, 1)).await?;
    let seen = load::hammer(&fresh.plane, job, Wait::UntilEnd, CALLERS, seconds(10, 5)).await?;
    Ok(seen.per_second())
}

async fn bare(bench: &Bench) -> Result<f64> {
    let program = bench.stage.programs.join("examples/bare");
    let mut command = Command::new(&program);
    command.arg(bench.servers.temporal()?);
    command.args([bench.size(300, 100), CALLERS].map(|number| number.to_string()));
    command.stderr(Stdio::inherit()).kill_on_drop(true);
    let output = command.output().await;
    let output = output.with_context(|| format!("start {}", program.display()))?;
    ensure!(output.status.success(), "{} ended with {}", program.display(), output.status);
    let said: Value = serde_json::from_slice(&output.stdout)?;
    said["runs_per_s"].as_f64().context("runs per second")
}
