//! Who is calling: users, roles and what a role may do.

use serde::{Deserialize, Serialize};

use crate::{KeyId, OrgId, UserId};

/// The authenticated caller of one request.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The tenant.
    pub organization: OrgId,
    /// Who the key belongs to.
    pub user_id: UserId,
    /// E-mail address of that user.
    pub email: String,
    /// Display name of that user.
    pub name: String,
    /// What the key may do.
    pub role: Role,
    /// The key itself.
    pub key_id: KeyId,
}

/// What a key may do; each role includes the ones below it, `worker` stands apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, keys and settings included.
    Owner,
    /// Everything but ownership.
    Admin,
    /// Makes and runs things.
    Member,
    /// Reads.
    Viewer,
    /// Executes activities and reports on them.
    Worker,
}

/// The kinds of thing a request can do; every operation names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Look at something.
    Read,
    /// Make, change or delete something of the catalogue.
    Write,
    /// Start, steer or stop a run.
    Run,
    /// Keys, members, settings.
    Administer,
    /// A worker's report.
    Report,
}

impl Role {
    /// The table of role and action.
    pub fn may(self, action: Action) -> bool {
        match action {
            Action::Read => true,
            Action::Write | Action::Run => matches!(self, Self::Owner | Self::Admin | Self::Member),
            Action::Administer => matches!(self, Self::Owner | Self::Admin),
            Action::Report => {
                matches!(self, Self::Owner | Self::Admin | Self::Member | Self::Worker)
            }
        }
    }
    /// The stored and printed word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Viewer => "viewer",
            Self::Worker => "worker",
        }
    }
    /// Reads the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owner, Self::Admin, Self::Member, Self::Viewer, Self::Worker]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}
