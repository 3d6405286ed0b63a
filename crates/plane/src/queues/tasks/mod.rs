//! What the area does by itself.

pub mod clean_up;
