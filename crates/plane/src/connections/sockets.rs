//! Counting the WebSockets of workers.

use axum::Json;
use drover_wire::connections::ConnectionStats;

use super::Kind;
use crate::error::Reply;
use crate::extract::Caller;

/// Tells those of the caller's organization.
pub async fn handler(Caller(ctx): Caller) -> Reply<ConnectionStats> {
    Ok(Json(ctx.plane().connections.stats(ctx.org(), Kind::Socket)))
}
