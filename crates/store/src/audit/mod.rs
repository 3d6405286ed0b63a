//! What is remembered: audit.

pub mod entity;

use drover_domain::{OrgId, micros};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use crate::WriteSet;

/// Who did what to what.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Id of the entry.
    pub id: Uuid,
    /// In which organization.
    pub organization: &'a OrgId,
    /// Which user.
    pub user_id: Option<String>,
    /// With which key.
    pub key_id: Option<String>,
    /// `agents.create`, `jobs.delete`, …
    pub action: &'a str,
    /// The thing's id.
    pub target_id: String,
    /// When.
    pub at: Timestamp,
}

/// Adds an entry to the set of the change it tells of.
pub fn entry_insert(set: &mut WriteSet, entry: Entry<'_>) {
    set.add(entity::Entity::insert(entity::ActiveModel {
        id: Set(entry.id),
        organization_id: Set(entry.organization.to_string()),
        user_id: Set(entry.user_id),
        key_id: Set(entry.key_id),
        action: Set(entry.action.to_owned()),
        target_id: Set(entry.target_id),
        at: Set(micros(entry.at)),
    }));
}
