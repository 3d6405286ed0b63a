//! Ends a run with a reason.

use axum::Json;
use drover_domain::executions::Status;
use drover_domain::{Error, ExecutionId, Result, rfc3339};
use drover_engine::Signal;
use drover_wire::executions::{Terminate, Terminated};

use super::{get, view};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Answers after the run is over.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<RunRef>,
    Body(body): Body<Terminate>,
) -> Reply<Terminated> {
    Ok(Json(terminate(&ctx, id.0, body.reason).await?))
}

/// A run by its id or by its workflow id.
#[derive(Debug, Clone, Copy)]
pub struct RunRef(pub ExecutionId);

impl std::str::FromStr for RunRef {
    type Err = <ExecutionId as std::str::FromStr>::Err;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let prefixes = ["agent-execution-", "team-execution-"];
        let id = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
        id.parse().map(Self)
    }
}

/// Ends it; one that is over is refused.
pub(crate) async fn terminate(ctx: &Ctx, id: ExecutionId, reason: String) -> Result<Terminated> {
    let row = get::get(ctx, id).await?;
    let cannot =
        |status: &str| Error::refused(format!("Cannot terminate workflow in status: {status}"));
    if Status::parse(&row.status).is_some_and(Status::is_terminal) {
        return Err(cannot(&row.status));
    }
    let signal = Signal::Cancel { reason: format!("Terminated: {reason}"), speaker: ctx.speaker() };
    let status = ctx.plane().engine.signal(ctx.org(), id, signal).await?;
    if status != Status::Cancelled {
        return Err(cannot(status.as_str()));
    }
    Ok(Terminated {
        success: true,
        workflow_id: view::workflow_id(&row.execution_type, id),
        terminated_at: rfc3339(ctx.now()),
    })
}
