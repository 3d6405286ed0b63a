//! What is remembered: executions.

pub mod entity;
pub mod event;
pub mod foreign_stream;
pub mod head;
pub mod log;
pub mod on_queue;
pub mod queries;
pub mod silence;
