//! Publishes a worker's event into a run's log.

use axum::Json;
use drover_domain::executions::{EventKind, NewEvent};
use drover_domain::{Error, ExecutionId, OrgId, Result};
use drover_engine::{ForeignEvent, Run};
use drover_store::WriteSet;
use drover_store::executions::queries::run_stays_open;
use drover_wire::check::Violations;
use drover_wire::executions::{PublishEvent, Published};
use jiff::Timestamp;
use serde_json::json;

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Answers after the event is stored.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<ExecutionId>,
    Body(body): Body<PublishEvent>,
) -> Reply<Published> {
    let event_type = body.event_type.clone();
    publish(&ctx, id, body).await?;
    Ok(Json(Published { success: true, execution_id: id.to_string(), event_type }))
}

/// Adds an entry to the log of a run that is not over; stale if it is.
pub(crate) fn append_open(
    set: &mut WriteSet,
    org: &OrgId,
    id: ExecutionId,
    event: NewEvent,
    now: Timestamp,
) {
    // The guard keeps the end of a log its last entry.
    run_stays_open(set, org, id, now);
    set.append(id, vec![event], now);
}

/// Stores an event of a worker.
pub(crate) async fn publish(ctx: &Ctx, id: ExecutionId, body: PublishEvent) -> Result<()> {
    let run = Run::from_row(&get::get(ctx, id).await?)?;
    if run.flow.foreign.is_some() {
        let PublishEvent { event_type: name, data, timestamp } = body;
        let event = ForeignEvent { name, data, timestamp };
        return ctx.plane().embedded.foreign_event(ctx.org(), id, event).await;
    }
    let mut violations = Violations::default();
    body.check_name(&mut violations);
    violations.finish()?;
    let now = ctx.now();
    let mut set = ctx.set();
    let data = json!({
        "event_type": body.event_type, "data": body.data, "timestamp": body.timestamp,
    });
    let event = NewEvent::new(EventKind::Published, data);
    append_open(&mut set, ctx.org(), id, event, now);
    ctx.write(set).await.map_err(|error| match error {
        Error::Stale => Error::conflict("Execution is over; its log takes no more events"),
        error => error,
    })
}
