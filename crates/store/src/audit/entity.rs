//! Who changed what. A trigger's entry is its execution row.

use sea_orm::entity::prelude::*;

/// Who changed what. A trigger's entry is its execution row.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub user_id: Option<String>,
    pub key_id: Option<String>,
    /// `agents.create`, `jobs.delete`, …
    pub action: String,
    pub target_id: String,
    pub at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
