//! Follows a run's log as server-sent events: what is stored, then what comes, without gap or
//! double; every stored entry once, under its own id.

use std::convert::Infallible;

use async_stream::stream;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use drover_domain::executions::{EventKind, Status, StoredEvent, parse_event_id};
use drover_domain::{ExecutionId, Result};
use drover_engine::Watch;
use drover_store::executions::{entity, log};
use drover_wire::executions::StreamFrom;
use futures_util::Stream;
use serde_json::json;

use super::{frames, get, view};
use crate::connections::{Kind, Open};
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::extract::{Caller, Id, Query};

/// Entries read in one go.
const PAGE: u64 = 500;

/// Answers the stream; a run that is not there is a 404 before any header of it.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<ExecutionId>,
    Query(query): Query<StreamFrom>,
    headers: HeaderMap,
) -> std::result::Result<Response, Failure> {
    let row = get::get(&ctx, id).await?;
    let last_id = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let last_id = last_id.map(str::to_owned).or(query.last_event_id).filter(|id| !id.is_empty());
    let body = Body::from_stream(follow(ctx, row, last_id));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

struct Reader {
    ctx: Ctx,
    id: ExecutionId,
    /// The last `seq` that was sent.
    cursor: i64,
    /// Whole messages sent, for `history_complete`.
    messages: u64,
    ended: bool,
}

fn follow(
    ctx: Ctx,
    row: entity::Model,
    last_id: Option<String>,
) -> impl Stream<Item = std::result::Result<Bytes, Infallible>> {
    let id = ExecutionId(row.id);
    stream! {
        let open = ctx.plane().connections.open(ctx.org(), Kind::Stream);
        // The watch first, the log after: an entry committed in between is in both, never in none.
        let mut watch = ctx.plane().hub.watch(id);
        let mut reader = Reader { ctx, id, cursor: 0, messages: 0, ended: false };
        yield Ok(counted(&open, reader.connected(&row)));
        let known = last_id.as_deref().map(|last| parse_event_id(&id, last));
        match reader.begin(known).await {
            Ok(frame) => if let Some(frame) = frame { yield Ok(counted(&open, frame)) },
            Err(error) => { open.failed(); yield Ok(broken(&error)); return; }
        }
        loop {
            match reader.page().await {
                Ok(text) if text.is_empty() => break,
                Ok(text) => yield Ok(counted(&open, text.into())),
                Err(error) => { open.failed(); yield Ok(broken(&error)); return; }
            }
        }
        if reader.ended { return; }
        let complete = json!({
            "execution_id": id, "message_count": reader.messages,
            "is_truncated": false, "has_more": false,
        });
        yield Ok(counted(&open, frames::passing("history_complete", &complete).into()));
        while !reader.ended {
            match reader.live(&mut watch).await {
                Ok(text) => yield Ok(counted(&open, text.into())),
                Err(error) => { open.failed(); yield Ok(broken(&error)); return; }
            }
        }
    }
}

impl Reader {
    fn connected(&self, row: &entity::Model) -> Bytes {
        let now = self.ctx.now();
        let waiting = view::reply(self.ctx.plane(), row.clone()).waiting_for;
        let data = json!({
            "execution_id": self.id, "organization_id": self.ctx.org(), "status": row.status,
            "waiting_for": waiting, "connected_at": frames::epoch_seconds(now),
        });
        frames::passing("connected", &data).into()
    }

    /// Sets the cursor by the last id the client saw. An id that is not of this log, or of an entry
    /// that does not exist yet, begins at the beginning and says so.
    async fn begin(&mut self, known: Option<Option<i64>>) -> Result<Option<Bytes>> {
        let Some(known) = known else {
            return Ok(None);
        };
        // The row before the head: then the head of a run that is over is its end.
        let row = get::get(&self.ctx, self.id).await?;
        let over = Status::parse(&row.status).is_some_and(Status::is_terminal);
        let head = log::head_get(self.ctx.read(), self.id).await?;
        match known {
            Some(seq) if seq <= head => {
                self.cursor = seq;
                if over && seq >= head {
                    // A reader at the end gets the end again, so that it knows.
                    self.cursor = head - 1;
                }
                Ok(None)
            }
            _ => {
                let data = json!({"execution_id": self.id, "reason": "unknown_event_id"});
                Ok(Some(frames::passing("gap_detected", &data).into()))
            }
        }
    }

    /// The next stored entries as frames; empty at the end of what is stored.
    async fn page(&mut self) -> Result<String> {
        if self.ended {
            return Ok(String::new());
        }
        let events = log::event_list(self.ctx.read(), self.id, self.cursor, PAGE).await?;
        Ok(self.frames(&events))
    }

    /// Waits for what comes next: entries, a keepalive, or the plane's end.
    async fn live(&mut self, watch: &mut Watch) -> Result<String> {
        let plane = self.ctx.plane().clone();
        loop {
            tokio::select! {
                events = watch.next() => {
                    let next = self.cursor + 1;
                    let text = match events {
                        // Seen already, while the log was read.
                        Some(events) if events.last().is_none_or(|last| last.seq < next) => continue,
                        Some(events) if events.first().is_some_and(|first| first.seq <= next) => {
                            self.frames(&events)
                        }
                        // Fell behind, or joined between two: the log has what is missing.
                        _ => self.page().await?,
                    };
                    if !text.is_empty() {
                        return Ok(text);
                    }
                }
                () = tokio::time::sleep(plane.settings.keepalive) => {
                    return Ok(": keepalive\n\n".to_owned());
                }
                () = plane.stopping.cancelled() => {
                    self.ended = true;
                    let data = json!({"reason": "shutdown"});
                    return Ok(frames::passing("reconnect", &data));
                }
            }
        }
    }

    fn frames(&mut self, events: &[StoredEvent]) -> String {
        let mut text = String::new();
        let seen = self.cursor;
        for event in events.iter().filter(|event| event.seq > seen) {
            self.cursor = event.seq;
            self.messages += u64::from(event.kind == EventKind::Message);
            self.ended |= event.kind.is_terminal();
            text.push_str(&frames::frame(self.id, event));
        }
        text
    }
}

/// Counts the frames of a piece of the stream. Each ends with an empty line, and has no other.
fn counted(open: &Open, piece: Bytes) -> Bytes {
    if !piece.starts_with(b":") {
        let frames = piece.windows(2).filter(|pair| *pair == b"\n\n").count();
        open.sent(u64::try_from(frames).unwrap_or_default());
    }
    piece
}

/// The stream breaks off without an end of the run; the client comes back with the last id.
fn broken(error: &drover_domain::Error) -> Bytes {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, source, "a stream broke");
    frames::passing("reconnect", &json!({"reason": "internal"})).into()
}
