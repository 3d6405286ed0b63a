//! What tests arrange with: planes, organizations, agents, jobs, runs.

mod database;
mod foreign;
mod models;
mod organization;
mod plane;
pub mod processes;
pub mod program;
mod relay;
mod replicas;
mod test_plane;
pub mod tokens;
mod worker;
mod workspace;

pub use database::Database;
pub use foreign::{FOREIGN_TEMPORAL, ForeignWorker};
pub use models::{Model, shell};
pub use organization::{Frame, Organization, Reply, names};
pub use plane::{Plane, temporal_server};
pub use relay::Relay;
pub use replicas::{Replicas, hex_key};
pub use test_plane::TestPlane;
pub use worker::Worker;
pub use workspace::{Pipe, Workspace};

/// A name that no other test has.
#[expect(clippy::disallowed_methods, reason = "a name that no other test has")]
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", &uuid::Uuid::new_v4().simple().to_string()[..12])
}
