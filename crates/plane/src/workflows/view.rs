//! A run's workflow as it is shown.

use drover_domain::executions::Status;
use drover_domain::{ExecutionId, rfc3339, timestamp};
use drover_store::executions::queries::RunOutline;
use drover_wire::workflows::Workflow;

use crate::executions::view::workflow_id;

/// Every status that is told, in Temporal's words.
pub(super) const STATUSES: [&str; 4] = ["RUNNING", "COMPLETED", "FAILED", "CANCELED"];

/// Temporal's word for where a run stands. A run that is terminated is cancelled, with a reason.
pub(super) fn status(of_run: Status) -> &'static str {
    match of_run {
        Status::Completed => "COMPLETED",
        Status::Failed | Status::Interrupted => "FAILED",
        Status::Cancelled => "CANCELED",
        Status::Pending
        | Status::Queued
        | Status::Running
        | Status::WaitingForInput
        | Status::Paused => "RUNNING",
    }
}

/// The workflow of a run.
pub(super) fn workflow(row: RunOutline) -> Workflow {
    let is_team = row.execution_type.eq_ignore_ascii_case("team");
    let time = |at: i64| rfc3339(timestamp(at));
    Workflow {
        workflow_id: workflow_id(&row.execution_type, ExecutionId(row.id)),
        run_id: String::new(),
        workflow_type: if is_team { "TeamExecutionWorkflow" } else { "AgentExecutionWorkflow" }
            .to_owned(),
        task_queue: row.worker_queue_id.to_string(),
        status: Status::parse(&row.status).map_or("RUNNING", status).to_owned(),
        execution_id: row.id.to_string(),
        execution_status: row.status,
        entity_id: row.entity_id,
        entity_name: row.entity_name,
        start_time: row.started_at.map(time),
        close_time: row.completed_at.map(time),
    }
}
