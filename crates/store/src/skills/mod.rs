//! What is remembered: skills, and who holds them.

pub mod association;
pub mod entity;
pub mod queries;

mod holder;

pub use holder::Holder;
