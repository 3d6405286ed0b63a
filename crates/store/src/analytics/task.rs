//! A task that an agent set itself in a run (contract, analytics §1).

use sea_orm::entity::prelude::*;

/// A task that an agent set itself in a run.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "execution_tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub execution_id: Uuid,
    pub task_number: Option<i32>,
    /// The runtime's own id of it.
    pub task_id: Option<String>,
    pub task_description: String,
    pub task_type: Option<String>,
    pub status: String,
    pub started_at: Option<i64>,
    pub completed_at: Option<i64>,
    pub duration_ms: Option<i64>,
    pub result: Option<String>,
    pub error_message: Option<String>,
    pub metadata: Json,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
