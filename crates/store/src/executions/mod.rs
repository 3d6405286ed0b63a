//! What is remembered: executions.

pub mod entity;
pub mod queries;
pub mod event;
pub mod head;
