//! Listing environments under their older name.

use axum::Json;
use drover_store::environments::queries::environment_list;
use drover_wire::environments::EnvironmentList;
use drover_wire::task_queues::TaskQueueResponse;

use super::show;
use crate::error::Reply;
use crate::extract::{Caller, Query};

/// Lists environments, oldest first.
pub async fn handler(
    Caller(ctx): Caller,
    Query(query): Query<EnvironmentList>,
) -> Reply<Vec<TaskQueueResponse>> {
    let status = query.status_filter.as_deref();
    let environments = environment_list(ctx.read(), ctx.org(), status).await?;
    Ok(Json(show::all(&ctx, environments).await?))
}
