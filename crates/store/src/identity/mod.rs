//! What is remembered: identity.

pub mod api_key;
pub mod moved_key;
pub mod organization;
pub mod queries;
pub mod user;
