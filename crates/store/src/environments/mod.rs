//! What is remembered: environments.

pub mod entity;
pub mod queries;
