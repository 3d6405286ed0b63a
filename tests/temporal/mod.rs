//! A plane whose runs Temporal drives: what is its own beside what the tests of everything else show
//! when they run on it.

mod away;
mod capacity;
mod claims;
pub mod histories;
mod outside;
mod refused;
mod tls;

use drover_temporal::Place;

use crate::harness::{Plane, temporal_server};

/// The server, for who does not ask Drover.
fn place() -> Place {
    let namespace = "default".to_owned();
    Place { address: temporal_server(), namespace, api_key: None, authority: None }
}

/// What a run's workflow is called there.
fn workflow_id(run: &str) -> String {
    format!("agent-execution-{run}")
}

/// A plane of one's own that is connected to it, with more settings in its `drover.toml`: another
/// start on its directory finds the server again.
pub async fn plane(settings: &str) -> Plane {
    let plane =
        Plane::configured(&format!("temporal_address = \"{}\"\n{settings}", temporal_server()));
    while plane.get("/api/ready").await.text("temporal") != "connected" {
        tokio::task::yield_now().await;
    }
    plane
}
