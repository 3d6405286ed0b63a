//! Jobs: what they may look like, when they fire, what they ask (contract, jobs).

mod check;
mod cron;
mod document;
mod draft;
mod job;
mod template;
mod words;

pub use cron::{CronSpec, MAX_EXPRESSION_BYTES, check_time_zone};
pub use document::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH};
pub use draft::{Aliases, JobDraft};
pub use job::{JobPlan, Trigger, runnable};
pub use template::{MAX_PROMPT_BYTES, fill, placeholders};
pub use words::{EntityType, ExecutorType, JobStatus, PlanningMode, TriggerType};
