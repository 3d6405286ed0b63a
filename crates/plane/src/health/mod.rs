//! Health, readiness, metrics.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use drover_domain::{Error, rfc3339};
use drover_wire::health as wire;

use crate::error::Reply;
use crate::plane::Plane;
use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Live, _, _>(live)
        .on::<wire::Readiness, _, _>(ready)
        .on::<wire::Metrics, _, _>(metrics)
}

async fn live(State(plane): State<Arc<Plane>>) -> Reply<wire::Health> {
    Ok(Json(wire::Health {
        status: "healthy".into(),
        service: "drover".into(),
        timestamp: rfc3339(plane.clock.now()),
        version: env!("CARGO_PKG_VERSION").into(),
    }))
}

/// Ready when the database can be read; a full disk refuses writes and still serves reads. Not ready
/// from the moment the plane is told to stop, so that nobody sends it more.
async fn ready(State(plane): State<Arc<Plane>>) -> Reply<wire::Ready> {
    if plane.draining.is_cancelled() {
        return Err(Error::Unavailable("The plane is shutting down".into()).into());
    }
    drover_store::identity::queries::organization_any(plane.store.reader()).await?;
    // Not a reason to be taken out of service: runs are accepted, and start once it is back.
    let temporal = plane.workflows.as_ref().map(|workflows| match workflows.trouble() {
        None => "connected".to_owned(),
        Some(trouble) => trouble,
    });
    let timestamp = rfc3339(plane.clock.now());
    Ok(Json(wire::Ready { status: "ready".into(), timestamp, temporal }))
}

async fn metrics(State(plane): State<Arc<Plane>>) -> impl IntoResponse {
    let under_way = u32::try_from(plane.embedded.under_way()).unwrap_or(u32::MAX);
    metrics::gauge!("drover_activities_under_way").set(under_way);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], plane.metrics.render())
}
