//! What is remembered: approvals.

pub mod entity;
pub mod queries;
