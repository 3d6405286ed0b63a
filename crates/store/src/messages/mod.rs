//! What is remembered: messages.

pub mod entity;
pub mod queries;
