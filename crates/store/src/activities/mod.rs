//! What is remembered: activities.

pub mod entity;
pub mod queries;
pub mod timer;
