//! A turn of a run, as its worker reported it (contract, analytics §1).

use sea_orm::entity::prelude::*;

/// A turn of a run, as its worker reported it; once a number.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "execution_turns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub execution_id: Uuid,
    pub turn_number: i32,
    /// The worker's own id of it.
    pub turn_id: Option<String>,
    pub model: String,
    pub model_provider: Option<String>,
    pub started_at: i64,
    pub completed_at: Option<i64>,
    pub duration_ms: Option<i64>,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub cache_read_tokens: i64,
    pub cache_creation_tokens: i64,
    pub total_tokens: i64,
    /// US dollars, as the worker computed them; so are the other costs.
    pub input_cost: f64,
    pub output_cost: f64,
    pub cache_read_cost: f64,
    pub cache_creation_cost: f64,
    pub total_cost: f64,
    pub runtime_minutes: f64,
    pub model_weight: f64,
    pub tool_calls_weight: f64,
    pub aem_value: f64,
    pub aem_cost: f64,
    pub finish_reason: Option<String>,
    /// At most 500 characters.
    pub response_preview: Option<String>,
    pub tools_called_count: i64,
    pub tools_called_names: Json,
    pub error_message: Option<String>,
    pub metrics: Json,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
