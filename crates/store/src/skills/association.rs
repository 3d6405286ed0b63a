//! That an agent, team or environment has a skill.

use sea_orm::entity::prelude::*;

/// That an agent, team or environment has a skill.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "skill_associations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub skill_id: Uuid,
    /// `agent`, `team` or `environment`.
    pub entity_type: String,
    pub entity_id: Uuid,
    pub configuration_override: Json,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
