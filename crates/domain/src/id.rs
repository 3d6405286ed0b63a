//! Identifiers. Parsed at the edge, trusted afterwards; each kind is a type of its own, so that a
//! queue's id never stands where an agent's belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text was not an id of the expected kind.
#[derive(Debug, thiserror::Error)]
#[error("not a valid {kind} id")]
pub struct BadId {
    /// What was expected: `agent`, `job`, …
    pub kind: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The word used in messages about such an id.
            pub const KIND: &'static str = $kind;
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = BadId;
            /// Takes the canonical hyphenated form only: one id has one spelling.
            fn from_str(text: &str) -> Result<Self, BadId> {
                if text.len() != 36 {
                    return Err(BadId { kind: $kind });
                }
                Uuid::try_parse(text).map(Self).map_err(|_| BadId { kind: $kind })
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

uuid_id!(/// A row of the agent catalogue.
    AgentId, "agent");
uuid_id!(/// An execution environment of an organization.
    EnvironmentId, "environment");
uuid_id!(/// A worker queue; also the name of its task queue (contract, workers §2).
    QueueId, "worker queue");
uuid_id!(/// A worker: one registration of one process (contract, workers §2.1).
    WorkerId, "worker");
uuid_id!(/// A skill.
    SkillId, "skill");
uuid_id!(/// A run. Version 7, so that newer runs sort after older ones and land next to each other on disk.
    ExecutionId, "execution");
uuid_id!(/// One step of a run that a worker executes.
    ActivityId, "activity");
uuid_id!(/// A request that a person approves or rejects.
    ApprovalId, "approval request");
uuid_id!(/// A person or a service account of an organization.
    UserId, "user");
uuid_id!(/// An API key; the `jti` claim of its token.
    KeyId, "API key");

impl ActivityId {
    /// The id of a run's activity with this ordinal: the run's id, the ordinal folded into its last
    /// four bytes. So an activity is found by its key alone, and lies beside its run's others.
    pub fn of(execution: ExecutionId, ordinal: u32) -> Self {
        Self(Uuid::from_u128(execution.0.as_u128() ^ u128::from(ordinal)))
    }
}

/// The tenant: a slug chosen when the organization is made (contract, auth §1.3).
///
/// Only authentication and the bootstrap of a plane make one; every query takes it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrgId(String);

impl OrgId {
    /// Takes a slug that has been authenticated or read from the store.
    pub fn new(slug: impl Into<String>) -> Self {
        Self(slug.into())
    }
    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A job: `job_<uuid>` (contract, jobs, "Ids").
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

impl JobId {
    /// The id of a new job.
    pub fn from_uuid(id: Uuid) -> Self {
        Self(format!("job_{}", id.hyphenated()))
    }
    /// An id read from the store, where only valid ones are.
    pub fn stored(id: String) -> Self {
        Self(id)
    }
    /// The whole id, prefix included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl FromStr for JobId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let uuid = text.strip_prefix("job_").ok_or(BadId { kind: "job" })?;
        if uuid.len() != 36 || Uuid::try_parse(uuid).is_err() {
            return Err(BadId { kind: "job" });
        }
        Ok(Self(text.to_owned()))
    }
}
