//! Listing the worker queues of an environment.

use axum::Json;
use drover_domain::{EnvironmentId, Result};
use drover_store::environments::queries::environment_get;
use drover_store::queues::queries;
use drover_wire::queues::WorkerQueueResponse;

use super::show;
use crate::ctx::Ctx;
use crate::environments;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Lists the lasting worker queues of an environment, oldest first.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<EnvironmentId>,
) -> Reply<Vec<WorkerQueueResponse>> {
    Ok(Json(list(&ctx, id).await?))
}

async fn list(ctx: &Ctx, id: EnvironmentId) -> Result<Vec<WorkerQueueResponse>> {
    let found = environment_get(ctx.read(), ctx.org(), id).await?;
    found.ok_or_else(environments::absent)?;
    let queues = queries::queues_of_environment(ctx.read(), ctx.org(), id).await?;
    show::responses(ctx, queues).await
}
