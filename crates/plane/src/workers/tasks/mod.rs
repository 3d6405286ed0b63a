//! What the area does by itself.

pub mod elsewhere;
pub mod lost;
pub mod stuck;
