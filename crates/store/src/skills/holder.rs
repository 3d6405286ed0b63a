//! What can hold a skill.

/// The kind of thing that holds skills. Teams join with their area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// An agent.
    Agent,
    /// An environment: its agents inherit what it holds.
    Environment,
}

impl Holder {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Environment => "environment",
        }
    }
}
