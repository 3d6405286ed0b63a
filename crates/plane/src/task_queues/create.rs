//! Making an environment, under its older name.

use axum::Json;
use drover_wire::task_queues::{TaskQueueCreate, TaskQueueResponse};

use super::show;
use crate::environments;
use crate::error::Reply;
use crate::extract::{Body, Caller};

/// Makes an environment.
pub async fn handler(
    Caller(ctx): Caller,
    Body(body): Body<TaskQueueCreate>,
) -> Reply<TaskQueueResponse> {
    let environment = environments::create::create(&ctx, &body.environment()).await?;
    Ok(Json(show::one(&ctx, environment).await?))
}
