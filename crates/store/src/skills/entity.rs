//! A skill (contract, catalogue §7).

use sea_orm::entity::prelude::*;

/// A skill (contract, catalogue §7).
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "skills")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub name: String,
    pub skill_type: String,
    pub description: Option<String>,
    pub icon: String,
    pub enabled: bool,
    pub configuration: Json,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
