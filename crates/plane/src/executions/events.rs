//! Reads a page of a run's log.

use axum::Json;
use drover_domain::executions::event_id;
use drover_domain::{Error, ExecutionId, Violation, rfc3339};
use drover_store::executions::log;
use drover_wire::executions::{EventPage, ListEvents, LogEntry};

use super::{frames, get, list};
use crate::error::Reply;
use crate::extract::{Caller, Id, Query};

/// Answers entries after a `seq`.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<ExecutionId>,
    Query(query): Query<ListEvents>,
) -> Reply<EventPage> {
    get::get(&ctx, id).await?;
    let page = list::page(None, query.limit, 100, None)?;
    let after = query.after.unwrap_or(0);
    if after < 0 {
        let rule = "Input should be greater than or equal to 0";
        let violation = Violation::query("after", "greater_than_equal", rule);
        return Err(Error::Invalid(vec![violation]).into());
    }
    let events = log::event_list(ctx.read(), id, after, page.limit).await?;
    let last_seq = log::head_get(ctx.read(), id).await?;
    let entry = |event| {
        let (event_type, data) = frames::render(id, &event);
        let (seq, timestamp) = (event.seq, rfc3339(event.at));
        LogEntry { seq, id: event_id(&id, &event), event_type, data, timestamp }
    };
    let events = events.into_iter().map(entry).collect();
    Ok(Json(EventPage { execution_id: id.to_string(), events, last_seq }))
}
