//! The program's commands as somebody types them: what they print, how they end, what they never
//! say.

mod configuration;
mod dev;
mod executions;
mod jobs;
mod organizations;
mod quickstart;
mod secrets;
mod usage;
