//! Skills, who holds them, what their types offer (contract, catalogue §7).

mod associations;
mod create;
mod definitions;
mod delete;
mod list;
mod resolved;
mod update;

/// Where skills are.
const SKILLS: &str = "/api/v1/skills";
