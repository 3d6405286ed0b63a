//! What is remembered: agents.

pub mod entity;
pub mod environment;
pub mod queries;
