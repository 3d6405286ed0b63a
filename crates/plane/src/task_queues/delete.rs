//! Deleting an environment, under its older name.

use axum::Json;
use drover_domain::EnvironmentId;
use drover_wire::Nothing;

use crate::environments;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Deletes an environment with its queues.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<EnvironmentId>) -> Reply<Nothing> {
    environments::delete::delete(&ctx, id).await?;
    Ok(Json(Nothing {}))
}
