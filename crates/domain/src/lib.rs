//! Ids, rules and state machines. Pure: no I/O, no clock, no randomness, no async; time and ids
//! come in as arguments. Everything above (`store`, `engine`, `plane`, `worker`) shares these words.

pub mod activities;
pub mod approvals;
pub mod executions;
pub mod identity;
pub mod jobs;
pub mod messages;
pub mod skills;
pub mod workers;

mod error;
mod id;
mod page;
mod patch;
mod secret;
mod time;

pub use error::{Doing, Error, Result, Violation};
pub use id::{
    ActivityId, AgentId, ApprovalId, EnvironmentId, ExecutionId, JobId, KeyId, OrgId, QueueId,
    SkillId, UserId, WorkerId,
};
pub use page::{MAX_PAGE, MAX_SKIP, Page};
pub use patch::Patch;
pub use secret::Secret;
pub use time::{Clock, Ids, micros, rfc3339, timestamp};
