//! Showing an environment.

use axum::Json;
use drover_domain::{EnvironmentId, Error, Result};
use drover_store::environments::{entity, queries};
use drover_wire::environments::EnvironmentResponse;

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Shows an environment.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<EnvironmentId>) -> Reply<EnvironmentResponse> {
    Ok(Json(get(&ctx, id).await?))
}

pub(super) async fn get(ctx: &Ctx, id: EnvironmentId) -> Result<EnvironmentResponse> {
    let shown = show::show(ctx, vec![row(ctx, id).await?]).await?;
    shown.into_iter().next().ok_or_else(absent)
}

/// The environment's row, of the caller's organization.
pub(crate) async fn row(ctx: &Ctx, id: EnvironmentId) -> Result<entity::Model> {
    queries::environment_get(ctx.read(), ctx.org(), id).await?.ok_or_else(absent)
}

/// That there is no such environment.
pub(crate) fn absent() -> Error {
    Error::not_found("Environment not found")
}
