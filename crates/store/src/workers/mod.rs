//! What is remembered: workers.

pub mod entity;
pub mod queries;
