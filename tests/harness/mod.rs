//! What tests arrange with: planes, organizations, agents, jobs, runs.

mod organization;
mod plane;

pub use organization::{Frame, Organization, Reply};
pub use plane::Plane;

/// A name that no other test has.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", &uuid::Uuid::new_v4().simple().to_string()[..12])
}
