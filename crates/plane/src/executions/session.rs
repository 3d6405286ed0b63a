//! Reads a run's conversation.

use axum::Json;
use drover_domain::messages::Body;
use drover_domain::{Doing, ExecutionId, Result, rfc3339, timestamp};
use drover_store::messages::{entity, queries};
use drover_wire::executions::{Session, SessionMessage};
use serde_json::json;

use super::get;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers the messages in order.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<ExecutionId>) -> Reply<Session> {
    let run = get::get(&ctx, id).await?;
    let rows = queries::message_list(ctx.read(), &run).await?;
    let messages = rows.into_iter().map(view).collect::<Result<Vec<_>>>()?;
    Ok(Json(Session {
        session_id: id.to_string(),
        execution_id: id.to_string(),
        message_count: messages.len() as u64,
        messages,
        metadata: json!({}),
    }))
}

fn view(row: entity::Model) -> Result<SessionMessage> {
    let body: Body = serde_json::from_str(&row.body).doing("read a message")?;
    let mut message = SessionMessage {
        role: body.role().to_owned(),
        content: body.content().to_owned(),
        timestamp: rfc3339(timestamp(row.at)),
        message_id: row.message_id,
        user_id: row.user_id,
        user_name: row.user_name,
        user_email: row.user_email,
        ..Default::default()
    };
    match body {
        Body::Tool { tool_call_id, tool_name, is_error, .. } => {
            message.tool_name = Some(tool_name);
            message.tool_use_id = Some(tool_call_id);
            message.tool_status = Some(if is_error { "failed" } else { "success" }.to_owned());
        }
        Body::Assistant { tool_calls, .. } => {
            message.tool_calls = tool_calls.iter().map(|call| json!(call)).collect();
        }
        Body::System { .. } | Body::User { .. } => {}
    }
    Ok(message)
}
