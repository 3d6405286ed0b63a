//! An environment (contract, workers §1).

use sea_orm::entity::prelude::*;

/// An environment (contract, workers §1).
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "environments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub tags: Json,
    pub settings: Json,
    pub status: String,
    pub worker_token: Option<String>,
    pub execution_environment: Json,
    pub created_by: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
