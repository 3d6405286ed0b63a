//! Changing an environment, under its older name.

use axum::Json;
use drover_domain::EnvironmentId;
use drover_wire::task_queues::{TaskQueueResponse, TaskQueueUpdate};

use super::show;
use crate::environments;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Changes an environment.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<EnvironmentId>,
    Body(body): Body<TaskQueueUpdate>,
) -> Reply<TaskQueueResponse> {
    environments::update::update(&ctx, id, &body.environment()).await?;
    let environment = environments::get::row(&ctx, id).await?;
    Ok(Json(show::one(&ctx, environment).await?))
}
