//! Recording figures of a run at once: all of them or none. They decide nothing.

use std::collections::HashSet;

use axum::Json;
use drover_domain::Result;
use drover_store::analytics::queries::turn_get;
use drover_wire::analytics::{BatchAnalyticsCreate, BatchRecorded};

use super::{rows, tool_call};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::get;
use crate::extract::{Caller, Report};

/// Answers after all of it is recorded.
pub async fn handler(
    Caller(ctx): Caller,
    Report(body): Report<BatchAnalyticsCreate>,
) -> Reply<BatchRecorded> {
    Ok(Json(record(&ctx, body).await?))
}

async fn record(ctx: &Ctx, body: BatchAnalyticsCreate) -> Result<BatchRecorded> {
    let id = rows::execution_id(&body.execution_id)?;
    get::get(ctx, id).await?;
    let mut set = ctx.set();
    let mut turns = HashSet::new();
    for (index, turn) in body.turns.iter().enumerate() {
        let row = rows::turn(ctx, id, turn, &format!("turns.{index}."))?;
        let known = turn_get(ctx.read(), ctx.org(), id, row.turn_number).await?.is_some();
        // A turn is recorded once, however often it is reported.
        if !known && turns.insert(row.turn_number) {
            set.insert_unique(row, "A turn was reported elsewhere at the same time; try again");
        }
    }
    for (index, call) in body.tool_calls.iter().enumerate() {
        let at = format!("tool_calls.{index}.");
        let turn = tool_call::turn(ctx, id, call, &at).await?;
        set.insert(rows::tool_call(ctx, id, turn, call, &at)?);
    }
    for (index, task) in body.tasks.iter().enumerate() {
        set.insert(rows::task(ctx, id, task, &format!("tasks.{index}."))?);
    }
    ctx.write(set).await?;
    Ok(BatchRecorded {
        success: true,
        execution_id: id.to_string(),
        turns_created: turns.len() as u64,
        tool_calls_created: body.tool_calls.len() as u64,
        tasks_created: body.tasks.len() as u64,
        errors: Vec::new(),
    })
}
