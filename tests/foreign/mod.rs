//! Workers of the reference's kind: they poll Temporal, and report to the plane.

mod agents;
mod analytics;
mod decide;
mod environment;
mod events;
mod jobs;
mod lost;
mod mark_done;
mod queue;
mod register;
mod run;
mod session;
pub mod socket;
mod start;
mod temporal;
mod update;
