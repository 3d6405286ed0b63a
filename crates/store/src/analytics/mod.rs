//! What is remembered: turns, tool calls and tasks that foreign workers reported.

pub mod queries;
pub mod task;
pub mod tool_call;
pub mod turn;
