//! What replicas of a plane have in common: the keys with which they may work on the database.

pub mod entity;
pub mod queries;
