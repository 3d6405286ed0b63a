//! Listing environments.

use axum::Json;
use drover_domain::Result;
use drover_store::environments::queries;
use drover_wire::environments::{EnvironmentList, EnvironmentResponse};

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Query};

/// Lists environments, oldest first.
pub async fn handler(
    Caller(ctx): Caller,
    Query(query): Query<EnvironmentList>,
) -> Reply<Vec<EnvironmentResponse>> {
    Ok(Json(list(&ctx, &query).await?))
}

async fn list(ctx: &Ctx, query: &EnvironmentList) -> Result<Vec<EnvironmentResponse>> {
    let status = query.status_filter.as_deref();
    let environments = queries::environment_list(ctx.read(), ctx.org(), status).await?;
    show::show(ctx, environments).await
}
