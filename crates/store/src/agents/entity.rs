//! An agent (contract, catalogue §2).

use sea_orm::entity::prelude::*;

/// An agent (contract, catalogue §2).
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub name: String,
    pub description: Option<String>,
    pub status: String,
    pub capabilities: Json,
    pub configuration: Json,
    pub model_id: Option<String>,
    pub llm_config: Json,
    pub runtime: Option<String>,
    pub runner_name: Option<String>,
    pub team_id: Option<Uuid>,
    pub state: Json,
    pub error_message: Option<String>,
    pub execution_environment: Json,
    pub last_active_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
