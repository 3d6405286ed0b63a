//! A command a file: its flags, and what it does.

pub mod dev;
pub mod executions;
pub mod export;
pub mod import;
pub mod jobs;
pub mod openapi;
pub mod organizations;
pub mod quickstart;
pub mod serve;
pub mod worker;
