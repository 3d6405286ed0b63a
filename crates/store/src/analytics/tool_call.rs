//! A tool call of a run, as its worker reported it (contract, analytics §1).

use sea_orm::entity::prelude::*;

/// A tool call of a run, as its worker reported it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "execution_tool_calls")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub execution_id: Uuid,
    pub turn_id: Option<Uuid>,
    pub tool_name: String,
    pub tool_use_id: Option<String>,
    pub started_at: i64,
    pub completed_at: Option<i64>,
    pub duration_ms: Option<i64>,
    pub tool_input: Option<Json>,
    /// Its beginning, if it is long.
    pub tool_output: Option<String>,
    /// Characters of the whole.
    pub tool_output_size: Option<i64>,
    pub success: bool,
    pub error_message: Option<String>,
    pub error_type: Option<String>,
    pub metadata: Json,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
