//! Listing worker queues.

use axum::Json;
use drover_store::queues::queries;
use drover_wire::queues::WorkerQueueResponse;

use super::show;
use crate::error::Reply;
use crate::extract::Caller;

/// Lists the lasting worker queues of the organization, oldest first.
pub async fn handler(Caller(ctx): Caller) -> Reply<Vec<WorkerQueueResponse>> {
    let queues = queries::queue_list(ctx.read(), ctx.org()).await?;
    Ok(Json(show::responses(&ctx, queues).await?))
}
