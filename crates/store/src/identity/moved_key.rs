//! A public key of another plane, which signed keys of an organization before it moved here.

use sea_orm::entity::prelude::*;

/// A public key of another plane. What it signed is valid for this one organization alone.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "moved_keys")]
pub struct Model {
    /// What the other plane calls it, in the head of its tokens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: String,
    /// Ed25519, 32 bytes.
    pub public_key: Vec<u8>,
    /// When the organization left the plane that has it.
    pub moved_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
