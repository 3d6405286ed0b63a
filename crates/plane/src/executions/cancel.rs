//! Stops a run.

use axum::Json;
use drover_domain::executions::Status;
use drover_domain::{ExecutionId, Result};
use drover_engine::Signal;
use drover_wire::executions::Cancelled;

use super::{get, view};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers after the run is `cancelled`; its model call and tools end within a second after.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<ExecutionId>) -> Reply<Cancelled> {
    Ok(Json(cancel(&ctx, id).await?))
}

/// Stops it; one that is over stays as it is, and that is told.
pub(crate) async fn cancel(ctx: &Ctx, id: ExecutionId) -> Result<Cancelled> {
    let row = get::get(ctx, id).await?;
    let execution_id = id.to_string();
    let over = Status::parse(&row.status).is_some_and(Status::is_terminal);
    let ended = match over {
        true => row.status,
        false => {
            let reason = "Cancelled by user".to_owned();
            let signal = Signal::Cancel { reason, speaker: ctx.speaker() };
            // It may have ended meanwhile: then that end stands, and is told.
            ctx.plane().engine.signal(ctx.org(), id, signal).await?.as_str().to_owned()
        }
    };
    if over || ended != Status::Cancelled.as_str() {
        return Ok(Cancelled {
            success: false,
            execution_id,
            workflow_id: None,
            message: None,
            error: Some(format!("Execution is not running (status: {ended})")),
            status: Some(ended),
        });
    }
    Ok(Cancelled {
        success: true,
        execution_id,
        workflow_id: Some(view::workflow_id(&row.execution_type, id)),
        message: Some("Execution cancelled successfully".into()),
        error: None,
        status: None,
    })
}
