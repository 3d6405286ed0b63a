//! `drover job`.

pub mod get;
pub mod list;
pub mod trigger;
