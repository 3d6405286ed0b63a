//! Adds a message to a run's conversation.

use axum::Json;
use drover_domain::{ExecutionId, Result};
use drover_engine::Signal;
use drover_wire::executions::{MessageSent, SendMessage};

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Answers after the message is stored; a run that is over refuses it and names the way on.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<ExecutionId>,
    Body(body): Body<SendMessage>,
) -> Reply<MessageSent> {
    let message_id = message(&ctx, id, body.message).await?;
    Ok(Json(MessageSent {
        success: true,
        execution_id: id.to_string(),
        message_id,
        message: "Message sent to workflow".into(),
    }))
}

/// Stores it, and gives its id.
pub(crate) async fn message(ctx: &Ctx, id: ExecutionId, content: String) -> Result<String> {
    // The contract's form. Two messages of one microsecond must not be one, on whichever replicas.
    let message_id = format!("{id}_{}", ctx.plane().unique_moment());
    let speaker = ctx.speaker();
    let signal = Signal::Message { message_id: message_id.clone(), content, speaker };
    ctx.plane().engine.signal(ctx.org(), id, signal).await?;
    Ok(message_id)
}
