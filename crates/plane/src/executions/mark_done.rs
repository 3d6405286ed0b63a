//! Says that a run is done.

use axum::Json;
use drover_domain::{ExecutionId, Result};
use drover_engine::Signal;
use drover_wire::executions::MarkedDone;

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers after it is stored; a run that has ended otherwise than completed refuses it.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<ExecutionId>) -> Reply<MarkedDone> {
    mark_done(&ctx, id).await?;
    Ok(Json(MarkedDone {
        success: true,
        execution_id: id.to_string(),
        message: "Execution marked as done, workflow will complete".into(),
    }))
}

/// Stores it.
pub(crate) async fn mark_done(ctx: &Ctx, id: ExecutionId) -> Result<()> {
    let signal = Signal::Done { speaker: ctx.speaker() };
    ctx.plane().engine.signal(ctx.org(), id, signal).await.map(drop)
}
