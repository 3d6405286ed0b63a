//! Listing the runs of a queue.

use axum::Json;
use drover_domain::executions::Status;
use drover_domain::{Error, ExecutionId, QueueId, Result, Violation, rfc3339, timestamp};
use drover_store::executions::entity;
use drover_store::executions::on_queue::runs_of_queue;
use drover_wire::queues::{QueueExecution, QueueExecutionList};

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::view::workflow_id;
use crate::extract::{Caller, Id, Query};

/// Characters of a prompt that are shown.
const PROMPT: usize = 200;

/// Answers a bare array, newest first. A worker for one run polls it.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<QueueId>,
    Query(query): Query<QueueExecutionList>,
) -> Reply<Vec<QueueExecution>> {
    Ok(Json(list(&ctx, id, query).await?))
}

async fn list(ctx: &Ctx, id: QueueId, query: QueueExecutionList) -> Result<Vec<QueueExecution>> {
    get::row(ctx, id).await?;
    let violation = |field: &str, rule: &str| {
        Error::Invalid(vec![Violation::query(field, "value_error", rule)])
    };
    let limit = query.limit.unwrap_or(10);
    if !(1..=500).contains(&limit) {
        return Err(violation("limit", "Input should be between 1 and 500"));
    }
    let wanted = query.status.filter(|status| !status.eq_ignore_ascii_case("all"));
    let status = match wanted.as_deref() {
        None => None,
        Some(word) => {
            let status = Status::parse(word);
            Some(status.ok_or_else(|| violation("status", "Input should be a status or `all`"))?)
        }
    };
    let limit = u64::try_from(limit).unwrap_or_default();
    let rows = runs_of_queue(ctx.read(), ctx.org(), id, status, limit).await?;
    Ok(rows.into_iter().map(item).collect())
}

fn item(row: entity::Model) -> QueueExecution {
    let time = |at: i64| rfc3339(timestamp(at));
    QueueExecution {
        id: row.id.to_string(),
        status: row.status,
        entity_id: row.entity_id,
        entity_name: row.entity_name,
        temporal_workflow_id: workflow_id(&row.execution_type, ExecutionId(row.id)),
        execution_type: row.execution_type,
        prompt: row.prompt.chars().take(PROMPT).collect(),
        created_at: time(row.created_at),
        started_at: row.started_at.map(time),
        completed_at: row.completed_at.map(time),
    }
}
