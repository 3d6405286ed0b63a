//! Showing an environment under its older name.

use axum::Json;
use drover_domain::EnvironmentId;
use drover_wire::task_queues::TaskQueueResponse;

use super::show;
use crate::environments;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Shows an environment.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<EnvironmentId>) -> Reply<TaskQueueResponse> {
    let environment = environments::get::row(&ctx, id).await?;
    Ok(Json(show::one(&ctx, environment).await?))
}
