//! Counting workflows.

use std::collections::BTreeMap;

use axum::Json;
use drover_domain::Result;
use drover_domain::executions::Status;
use drover_store::executions::queries::runs_by_status;
use drover_wire::workflows::WorkflowStats;

use super::view::{self, STATUSES};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::Caller;

/// Counts them by their status.
pub async fn handler(Caller(ctx): Caller) -> Reply<WorkflowStats> {
    Ok(Json(stats(&ctx).await?))
}

async fn stats(ctx: &Ctx) -> Result<WorkflowStats> {
    let by_execution_status: BTreeMap<String, u64> =
        runs_by_status(ctx.read(), ctx.org()).await?.into_iter().collect();
    let mut by_status: BTreeMap<String, u64> =
        STATUSES.iter().map(|status| ((*status).to_owned(), 0)).collect();
    for (state, runs) in &by_execution_status {
        let status = Status::parse(state).map_or("RUNNING", view::status);
        *by_status.entry(status.to_owned()).or_default() += runs;
    }
    let total = by_status.values().sum();
    Ok(WorkflowStats { total, by_status, by_execution_status })
}
