//! Organizations, made by the operator of a plane.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::check::{Check, Violations};
use crate::{NoQuery, operations};

/// A new organization.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OrganizationCreate {
    /// Its slug: 2 to 64 of `a-z`, `0-9`, `-`, beginning with a letter or digit.
    pub name: String,
    /// E-mail address of its first owner.
    #[serde(default)]
    pub owner_email: Option<String>,
}

impl Check for OrganizationCreate {
    fn check(&self, violations: &mut Violations) {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(2..=64).contains(&self.name.len())
            || !self.name.chars().all(allowed)
            || self.name.starts_with('-')
        {
            let rule = "Name should be 2 to 64 of a-z, 0-9 and -, beginning with a letter or digit";
            violations.add("name", "string_pattern_mismatch", rule);
        }
        violations.optional_text("owner_email", self.owner_email.as_deref(), 255);
    }
}

/// What was made. The key is shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OrganizationCreated {
    /// The slug.
    pub organization_id: String,
    /// A key of its first owner.
    pub api_key: String,
    /// Its environment `default`.
    pub environment_id: String,
    /// That environment's queue `default`, served by the plane itself.
    pub worker_queue_id: String,
}

operations! { "organizations";
    /// Makes an organization with an owner, an environment and a queue.
    Create = POST "/api/v1/organizations", Operator, NoQuery, OrganizationCreate => 201 OrganizationCreated;
}
