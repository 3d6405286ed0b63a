//! Adding to a run's conversation what a worker's has and it has not.

use axum::Json;
use drover_domain::messages::Body;
use drover_domain::{ExecutionId, Result};
use drover_engine::SessionPart;
use drover_wire::foreign::{SessionUpdate, SessionUpdateMessage, SessionUpdated};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::get;
use crate::extract::{Caller, Id, Report};

/// Answers after it is stored.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<ExecutionId>,
    Report(body): Report<SessionUpdate>,
) -> Reply<SessionUpdated> {
    Ok(Json(update(&ctx, id, body).await?))
}

async fn update(ctx: &Ctx, id: ExecutionId, body: SessionUpdate) -> Result<SessionUpdated> {
    get::get(ctx, id).await?;
    let count = body.messages.len() as u64;
    let session_id = body.session_id.unwrap_or_else(|| id.to_string());
    let part = |(at, message)| part(id, at, message);
    let parts: Vec<SessionPart> = body.messages.into_iter().enumerate().map(part).collect();
    ctx.plane().embedded.foreign_session(ctx.org(), id, &parts).await?;
    Ok(SessionUpdated {
        success: true,
        execution_id: id.to_string(),
        session_id,
        persisted_messages: count,
    })
}

fn part(id: ExecutionId, at: usize, message: SessionUpdateMessage) -> SessionPart {
    let content = text(&message.content);
    let call = message.tool_execution_id.filter(|call| !call.is_empty());
    let given = message.message_id.filter(|id| !id.is_empty());
    let message_id = given.unwrap_or_else(|| {
        let when = message.timestamp.unwrap_or_else(|| at.to_string());
        let name = call.as_deref().unwrap_or(&when);
        format!("{id}_{}_{name}", message.role)
    });
    let body = match message.role.as_str() {
        "assistant" => Body::Assistant { content, tool_calls: Vec::new(), provider_blocks: None },
        "tool" => {
            let failed = message.tool_status.as_deref() == Some("failed");
            let is_error = failed || message.tool_error.is_some();
            let content = message.tool_error.filter(|_| content.is_empty()).unwrap_or(content);
            Body::Tool {
                tool_call_id: call.unwrap_or_else(|| message_id.clone()),
                tool_name: message.tool_name.unwrap_or_else(|| "unknown".into()),
                content,
                is_error,
            }
        }
        "user" => Body::User { content },
        _ => Body::System { content },
    };
    SessionPart { message_id, body }
}

/// The text of a message: of a list of blocks, that of each.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks.iter().map(|block| match block {
                Value::String(text) => text.clone(),
                block => text(block.get("text").or(block.get("content")).unwrap_or(&Value::Null)),
            });
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
