//! A worker in a process of its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::plane::{Models, Plane, Stage};
use crate::process::Process;

/// A running `drover worker`.
#[derive(Debug)]
pub struct Worker {
    /// Its process.
    pub process: Process,
    /// From its start until it said that it serves.
    pub boot: Duration,
}

impl Worker {
    /// Starts one for a queue of a plane, with further flags.
    pub async fn start(
        stage: &Stage,
        plane: &Plane,
        models: &Models,
        queue: &str,
        flags: &[&str],
    ) -> Result<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let log = stage.folder.join(format!("worker-{number}.log"));
        let workspaces = stage.folder.join("workspaces");
        let workspaces = workspaces.to_str().context("a path in UTF-8")?;
        let url = format!("http://{}", plane.address);
        let arguments = ["worker", "--queue", queue, "--url", &url, "--allow-unwalled-tools"];
        let arguments = [&arguments[..], &["--workspaces-dir", workspaces], flags].concat();
        let variables = [&models.variables()[..], &[("DROVER_API_KEY", &plane.key)]].concat();
        let program = stage.programs.join("drover");
        let began = Instant::now();
        let process =
            Process::start_saying(&program, &arguments, &variables, &log, " serves ").await?;
        Ok(Self { process, boot: began.elapsed() })
    }
}
