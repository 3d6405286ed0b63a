//! Listing the workflows of a queue: one for each of its runs.

use axum::Json;
use drover_domain::executions::Status;
use drover_domain::{Error, ExecutionId, QueueId, Result, Violation, rfc3339, timestamp};
use drover_store::executions::on_queue::run_outlines_of_queue;
use drover_store::executions::queries::RunOutline;
use drover_wire::queues::{QueueWorkflowList, WorkflowListItem, WorkflowsListResponse};

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::view::workflow_id;
use crate::extract::{Caller, Id, Query};

/// Answers the newest, and how many of these are in which state.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<QueueId>,
    Query(query): Query<QueueWorkflowList>,
) -> Reply<WorkflowsListResponse> {
    Ok(Json(list(&ctx, id, query).await?))
}

async fn list(ctx: &Ctx, id: QueueId, query: QueueWorkflowList) -> Result<WorkflowsListResponse> {
    get::row(ctx, id).await?;
    let violation = |field: &str, rule: &str| {
        Error::Invalid(vec![Violation::query(field, "value_error", rule)])
    };
    let limit = query.limit.unwrap_or(100);
    if !(1..=500).contains(&limit) {
        return Err(violation("limit", "Input should be between 1 and 500"));
    }
    let status = match query.status_filter.as_deref() {
        None => None,
        Some(word) => {
            let status = Status::parse(word);
            Some(status.ok_or_else(|| violation("status_filter", "Input should be a status"))?)
        }
    };
    let limit = u64::try_from(limit).unwrap_or_default();
    let rows = run_outlines_of_queue(ctx.read(), ctx.org(), id, status, limit).await?;
    let workflows: Vec<WorkflowListItem> = rows.into_iter().map(item).collect();
    let count = |states: &[Status]| {
        let is_in = |one: &&WorkflowListItem| states.iter().any(|of| of.as_str() == one.status);
        workflows.iter().filter(is_in).count()
    };
    Ok(WorkflowsListResponse {
        total: workflows.len(),
        pending_count: count(&[Status::Pending, Status::Queued]),
        running_count: count(&[Status::Running]),
        completed_count: count(&[Status::Completed]),
        failed_count: count(&[Status::Failed]),
        workflows,
    })
}

fn item(row: RunOutline) -> WorkflowListItem {
    let id = row.id.to_string();
    let time = |at: i64| rfc3339(timestamp(at));
    WorkflowListItem {
        workflow_id: workflow_id(&row.execution_type, ExecutionId(row.id)),
        run_id: id.clone(),
        task_queue: row.worker_queue_id.to_string(),
        worker_id: None,
        status: row.status,
        execution_id: id,
        started_at: row.started_at.map(time),
        close_time: row.completed_at.map(time),
        workflow_type: "agent-execution-workflow".to_owned(),
        attempt: 1,
        history_length: 0,
    }
}
