//! Sending an answer the way its script wants it sent.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::interval;

use crate::format::{Asked, Format};
use crate::{Ending, Hang, Reply, Request};

/// A request being answered. Dropped before its end, the client went away.
pub(crate) struct Open(Option<Arc<Request>>);

impl Open {
    pub(crate) fn new(request: Option<Arc<Request>>) -> Self {
        Self(request)
    }

    pub(crate) fn end(&mut self, how: Ending) {
        if let Some(request) = self.0.take() {
            request.end(how);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end(Ending::Disconnected);
    }
}

/// Answers with `reply`. `gate` holds what has been released.
pub(crate) async fn deliver(
    format: Format,
    reply: Reply,
    asked: Asked,
    gate: Arc<Semaphore>,
    mut open: Open,
) -> Response {
    if reply.hang == Some(Hang::Start) {
        pass(&gate).await;
    }
    let status = reply.status.unwrap_or(200);
    let (content_type, body) = match &reply.body {
        Some(body) => {
            open.end(Ending::Answered);
            let content_type = reply.content_type.as_deref().unwrap_or("application/json");
            (content_type, Body::from(body.clone()))
        }
        None if status != 200 => {
            open.end(Ending::Answered);
            let error = format.error(status, &format!("scripted status {status}"));
            ("application/json", Body::from(error.to_string()))
        }
        None if asked.stream => {
            let frames = format.frames(&reply, &asked);
            ("text/event-stream", stream(frames, &reply, gate, open))
        }
        None => {
            open.end(Ending::Answered);
            let whole = format.whole(&reply, &asked);
            ("application/json", Body::from(whole.to_string()))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).expect("a scripted status is valid");
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_str(content_type);
    headers.insert(CONTENT_TYPE, content_type.expect("a scripted type is valid"));
    for (name, value) in &reply.headers {
        let name: HeaderName = name.parse().expect("a scripted header is valid");
        headers.insert(name, value.parse().expect("a scripted header is valid"));
    }
    response
}

async fn pass(gate: &Semaphore) {
    if let Ok(permit) = gate.acquire().await {
        permit.forget();
    }
}

fn stream(frames: Vec<Bytes>, reply: &Reply, gate: Arc<Semaphore>, mut open: Open) -> Body {
    let hang_after = match reply.hang {
        Some(Hang::After(pieces)) => Some(pieces),
        _ => None,
    };
    let cut_after = reply.cut_after;
    let per_second = reply.pace.map(|pace| pace.per_second.max(1));
    let mut ticks = per_second.map(|rate| interval(Duration::from_secs(1) / rate));
    let last = frames.len();
    Body::from_stream(async_stream::stream! {
        for (sent, frame) in frames.into_iter().enumerate() {
            if hang_after == Some(sent) {
                pass(&gate).await;
            }
            if cut_after == Some(sent) {
                open.end(Ending::Cut);
                // Lets the connection flush what came before the cut.
                yield_now().await;
                yield Err(io::Error::other("cut by the script"));
                return;
            }
            if let Some(ticks) = &mut ticks {
                ticks.tick().await;
            }
            // Before the last frame: a client may close the connection as soon as it has that.
            if sent + 1 == last {
                open.end(Ending::Answered);
            }
            yield Ok(frame);
        }
        // Real servers end the body in a packet of its own.
        yield_now().await;
        if hang_after == Some(last) {
            pass(&gate).await;
        }
    })
}
