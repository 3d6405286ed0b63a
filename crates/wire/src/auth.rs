//! Who a key belongs to (contract, auth §1).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::check::{Check, Violations};
use crate::{NoQuery, Nothing, operations};

/// The identity object (contract, auth §1.3); every key is always present.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IdentityReply {
    /// The organization's slug.
    pub id: String,
    /// The organization's slug.
    pub name: String,
    /// The organization's slug.
    pub slug: String,
    /// Id of the user.
    pub user_id: Option<String>,
    /// E-mail address of the user.
    pub user_email: Option<String>,
    /// Name of the user.
    pub user_name: Option<String>,
    /// Picture of the user; none is kept.
    pub user_avatar: Option<String>,
    /// Status of the user.
    pub user_status: Option<String>,
    /// Groups of the user.
    pub user_groups: Vec<String>,
    /// Names of those groups.
    pub user_group_names: Vec<String>,
    /// The key's role.
    pub role: String,
}

/// A new API key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KeyCreate {
    /// What it is for, 1 to 255 characters.
    pub name: String,
    /// `owner`, `admin`, `member`, `viewer` or `worker`; not above the caller's own. Default `member`.
    #[serde(default)]
    pub role: Option<String>,
    /// Days until it expires, 1 to 3650; never where absent.
    #[serde(default)]
    pub expires_in_days: Option<i64>,
}

impl Check for KeyCreate {
    fn check(&self, violations: &mut Violations) {
        violations.text("name", &self.name, 1, 255);
        if let Some(role) = &self.role {
            let roles = ["owner", "admin", "member", "viewer", "worker"];
            violations.one_of("role", role, &roles);
        }
        if let Some(days) = self.expires_in_days {
            violations.range("expires_in_days", days, 1, 3650);
        }
    }
}

/// An API key, without its token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KeyReply {
    /// The key's id, the `jti` of its token.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// When it was made.
    pub created_at: String,
    /// When it expires.
    pub expires_at: Option<String>,
    /// Since when it no longer works.
    pub revoked_at: Option<String>,
    /// The token; shown by the answer that made it and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
}

operations! { "auth";
    /// Tells who the caller's key belongs to.
    Validate = GET "/api/v1/auth/validate", May(Read), NoQuery, Nothing => 200 IdentityReply;
    /// Lists the organization's API keys.
    ListKeys = GET "/api/v1/api-keys", May(Administer), NoQuery, Nothing => 200 Vec<KeyReply>;
    /// Makes an API key for the caller.
    CreateKey = POST "/api/v1/api-keys", May(Administer), NoQuery, KeyCreate => 201 KeyReply;
    /// Revokes an API key, from this request on.
    RevokeKey = DELETE "/api/v1/api-keys/{key_id}", May(Administer), NoQuery, Nothing => 200 KeyReply;
}
