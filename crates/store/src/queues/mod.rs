//! What is remembered: queues.

pub mod entity;
pub mod queries;
pub mod update_lock;
