//! What is remembered: executions.

pub mod entity;
pub mod event;
pub mod head;
pub mod queries;
