//! What has to be told to Temporal: rows of the commit that decided it.

pub mod entity;
pub mod queries;
