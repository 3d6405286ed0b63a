//! Counting the streams of runs.

use std::collections::BTreeMap;

use axum::Json;
use drover_wire::connections::StreamStats;

use super::Kind;
use crate::error::Reply;
use crate::extract::Caller;

/// Tells those of the caller's organization.
pub async fn handler(Caller(ctx): Caller) -> Reply<StreamStats> {
    let stats = ctx.plane().connections.stats(ctx.org(), Kind::Stream);
    let connections_by_org = BTreeMap::from([(ctx.org().to_string(), stats.active_connections)]);
    Ok(Json(StreamStats { stats, connections_by_org }))
}
