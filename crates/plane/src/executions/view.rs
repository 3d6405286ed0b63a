//! A run's row as it goes out.

use drover_domain::executions::Status;
use drover_domain::messages::Body;
use drover_domain::{ExecutionId, OrgId, QueueId, Result, rfc3339, timestamp};
use drover_engine::Spent;
use drover_store::executions::entity;
use drover_wire::executions::ExecutionReply;
use serde_json::{Value, json};

use crate::plane::Plane;

/// The workflow id of a run (contract, executions, "Workflow ids").
pub fn workflow_id(execution_type: &str, id: ExecutionId) -> String {
    let kind = if execution_type.eq_ignore_ascii_case("team") { "team" } else { "agent" };
    format!("{kind}-execution-{id}")
}

/// The reply for a row.
pub fn reply(plane: &Plane, row: entity::Model) -> ExecutionReply {
    let id = ExecutionId(row.id);
    let waiting_for = waiting_for(plane, &row);
    let object = |value: Value| if value.is_object() { value } else { json!({}) };
    let time = |at: i64| rfc3339(timestamp(at));
    ExecutionReply {
        id: id.to_string(),
        execution_id: id.to_string(),
        workflow_id: workflow_id(&row.execution_type, id),
        organization_id: row.organization_id,
        execution_type: row.execution_type,
        entity_id: row.entity_id,
        entity_name: row.entity_name,
        prompt: row.prompt,
        system_prompt: row.system_prompt,
        status: row.status,
        waiting_for,
        response: row.response,
        error_message: row.error_message,
        usage: Spent::from_stored(&row.usage).to_wire(),
        execution_metadata: object(row.execution_metadata),
        trigger_source: row.trigger_source,
        job_id: row.job_id,
        parent_execution_id: row.parent_execution_id.map(|id| id.to_string()),
        worker_queue_id: Some(row.worker_queue_id.to_string()),
        runner_name: Some(row.runner_name),
        user_id: row.user_id,
        user_name: row.user_name,
        user_email: row.user_email,
        user_avatar: None,
        created_at: time(row.created_at),
        started_at: row.started_at.map(time),
        completed_at: row.completed_at.map(time),
        updated_at: time(row.updated_at),
        participants: Vec::new(),
        last_message_at: None,
        last_message_preview: None,
    }
}

/// A run with the last message of its conversation.
pub async fn reply_with_last_message(
    plane: &Plane,
    org: &OrgId,
    row: entity::Model,
) -> Result<ExecutionReply> {
    let id = ExecutionId(row.id);
    let last = drover_store::messages::queries::last_message(plane.store.reader(), org, id).await?;
    let (message, at) =
        last.unwrap_or_else(|| (Body::User { content: row.prompt.clone() }, row.created_at));
    let mut reply = reply(plane, row);
    reply.last_message_at = Some(rfc3339(timestamp(at)));
    reply.last_message_preview = Some(preview(&message));
    Ok(reply)
}

/// At most 150 characters; a tool's answer says whose it is.
fn preview(body: &Body) -> String {
    let text = match body {
        Body::Tool { tool_name, content, .. } => {
            format!("[Tool: {tool_name}] {content}")
        }
        other => other.content().to_owned(),
    };
    if text.chars().count() <= 150 {
        return text;
    }
    text.chars().take(147).chain("...".chars()).collect()
}

/// What a run that has not begun waits for: state never lies, so neither does waiting.
fn waiting_for(plane: &Plane, row: &entity::Model) -> Option<String> {
    match Status::parse(&row.status)? {
        Status::Pending | Status::Queued if !plane.hub.has_worker(QueueId(row.worker_queue_id)) => {
            Some(format!("a worker on queue `{}`: none is connected", row.runner_name))
        }
        Status::Pending | Status::Queued => {
            Some(format!("a free slot of a worker on queue `{}`", row.runner_name))
        }
        _ => None,
    }
}
