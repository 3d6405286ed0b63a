//! The worker inside the process, and the way from it to the plane: plain calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use drover_domain::activities::{ActivityKind, Outcome, Progress};
use drover_domain::{ActivityId, Error, Result};
use drover_engine::Leased;
use drover_plane::{Plane, activities};
use drover_worker::model::{HttpSettings, ModelHttp, Models};
use drover_worker::sandbox::{Launcher, Sandbox, SandboxConfig};
use drover_worker::tools::Toolbox;
use drover_worker::{Lease, Leasing, Slots, WorkSource, Worker, WorkerHandle};

use crate::SANDBOX_EXEC;
use crate::config::Config;
use crate::exit::{CommandError, chain};

/// Starts the worker inside the process, which serves the `default` queues.
pub fn start(
    plane: &Arc<Plane>,
    config: &Config,
) -> std::result::Result<WorkerHandle, CommandError> {
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
    let source = Arc::new(InProcess::new(plane.clone()));
    Ok(Worker { source, models, toolbox: Toolbox::new(sandbox), slots }.start())
}

/// The plane of this process as a source of work.
pub struct InProcess {
    plane: Arc<Plane>,
    /// Leases that are out, by activity.
    leased: Arc<Mutex<HashMap<ActivityId, Arc<Leased>>>>,
}

impl InProcess {
    /// Work of this plane.
    pub fn new(plane: Arc<Plane>) -> Self {
        Self { plane, leased: Arc::default() }
    }

    fn get(&self, activity: ActivityId) -> Result<Arc<Leased>> {
        let leased = self.leased.lock().unwrap_or_else(PoisonError::into_inner);
        leased.get(&activity).cloned().ok_or(Error::Stale)
    }

    fn remove(&self, activity: ActivityId) {
        self.leased.lock().unwrap_or_else(PoisonError::into_inner).remove(&activity);
    }
}

#[async_trait]
impl WorkSource for InProcess {
    async fn poll(&self, kind: ActivityKind) -> Result<Leasing> {
        let offer = self.plane.embedded.poll(kind).await;
        let (plane, leased) = (self.plane.clone(), self.leased.clone());
        Ok(Box::pin(async move {
            let Some(activities::LeasedTask { leased: lease, task }) =
                activities::lease(&plane, offer).await?
            else {
                return Ok(None);
            };
            let stop = lease.stop.clone();
            let mut leased = leased.lock().unwrap_or_else(PoisonError::into_inner);
            leased.insert(task.id, Arc::new(lease));
            Ok(Some(Lease { task, stop }))
        }))
    }

    async fn heartbeat(&self, held: Vec<ActivityId>) -> Result<()> {
        self.plane.embedded.heartbeat(&held).await
    }

    async fn append(&self, activity: ActivityId, progress: Vec<Progress>) -> Result<()> {
        let leased = self.get(activity)?;
        let appended = self.plane.embedded.append(&leased, progress).await;
        if matches!(appended, Err(Error::Stale)) {
            self.plane.embedded.abandon(&leased);
            self.remove(activity);
        }
        appended
    }

    async fn complete(&self, activity: ActivityId, outcome: Outcome) -> Result<()> {
        let leased = self.get(activity)?;
        let completed = self.plane.embedded.complete(&leased, outcome).await;
        // A disk that refuses for the moment is asked again; anything else is the end of the lease.
        if !matches!(completed, Err(Error::Unavailable(_))) {
            self.remove(activity);
        }
        completed
    }
}
