//! Showing the variables of a tool to whoever holds the lease of its call: they may be secrets, so they
//! are in no task, and no engine ever has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use drover_domain::activities::{ActivityTask, Work};
use drover_domain::{ActivityId, Error, Result};
use drover_wire::workers::{ActivityVariables, WorkerTask};

use super::registry::lost;
use crate::activities::variables;
use crate::auth::Holder;
use crate::error::{Failure, Reply};
use crate::extract::Id;
use crate::plane::Plane;

/// Shows them, while the lease is held.
pub async fn handler(
    State(plane): State<Arc<Plane>>,
    Extension(holder): Extension<Holder>,
    Id(activity): Id<ActivityId>,
) -> Reply<ActivityVariables> {
    if activity != holder.activity {
        return Err(Failure(Error::not_found("Activity not found")));
    }
    Ok(Json(show(&plane, &holder).await?))
}

async fn show(plane: &Plane, holder: &Holder) -> Result<ActivityVariables> {
    let Holder { organization, activity, attempt } = holder;
    let run = plane.embedded.run_of_lease(organization, *activity, *attempt).await.map_err(lost)?;
    Ok(ActivityVariables { env_vars: variables(plane, &run).await? })
}

/// The task as it is handed over: the variables stay here, and a token for them goes along.
pub fn handed_over(plane: &Plane, mut task: ActivityTask) -> Result<WorkerTask> {
    let variables = match &mut task.work {
        Work::ToolCall(call) => std::mem::take(&mut call.env),
        Work::ModelTurn(_) => BTreeMap::new(),
    };
    let mut variables_token = None;
    if !variables.is_empty() {
        let (org, now) = (&task.organization, plane.clock.now());
        let token = plane.signing.sign_lease(org, task.id, task.attempt, now)?;
        variables_token = Some(token.reveal().clone());
    }
    Ok(WorkerTask { task, variables_token })
}
