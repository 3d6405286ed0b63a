//! What the area does by itself.

pub mod lost;
