//! Puts the worker together from the configuration, wherever its work comes from.

use std::sync::Arc;

use drover_worker::model::{HttpSettings, ModelHttp, Models};
use drover_worker::sandbox::{Launcher, Sandbox, SandboxConfig};
use drover_worker::tools::Toolbox;
use drover_worker::{Slots, WorkSource, Worker};

use crate::SANDBOX_EXEC;
use crate::config::Config;
use crate::exit::{CommandError, chain};

/// A worker that is about to start.
pub fn worker(config: &Config, source: Arc<dyn WorkSource>) -> Result<Worker, CommandError> {
    let failed = |error: &(dyn std::error::Error + 'static)| CommandError::failed(chain(error));
    let http = ModelHttp::new(&HttpSettings::default()).map_err(|error| failed(&error))?;
    let models = Models::new(&http, config.providers()).map_err(|error| failed(&error))?;
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let launcher = Launcher { program, args: vec![SANDBOX_EXEC.to_owned()] };
    let mut sandbox = SandboxConfig::new(launcher, config.workspaces_dir());
    sandbox.hidden = vec![config.data_dir.clone()];
    sandbox.max_processes = config.max_tool_processes;
    sandbox.wall = config.wall_policy();
    let sandbox = Sandbox::new(sandbox).map_err(|error| failed(&error))?;
    let slots =
        Slots { model_calls: config.max_model_calls, tool_calls: config.max_tool_processes };
    Ok(Worker { source, models, toolbox: Toolbox::new(sandbox), slots })
}
