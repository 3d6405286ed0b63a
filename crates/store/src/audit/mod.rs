//! What is remembered: audit.

pub mod entity;
