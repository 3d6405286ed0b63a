//! What is remembered: jobs.

pub mod entity;
pub mod queries;
