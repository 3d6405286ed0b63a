//! A job (contract, jobs). Counters are not columns: they derive from executions.

use sea_orm::entity::prelude::*;

/// A job (contract, jobs). Counters are not columns: they derive from executions.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub organization_id: String,
    pub name: String,
    pub description: Option<String>,
    pub enabled: bool,
    pub trigger_type: String,
    pub cron_schedule: Option<String>,
    pub cron_timezone: Option<String>,
    pub webhook_token: Option<String>,
    pub webhook_secret: Option<String>,
    pub planning_mode: String,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub entity_name: Option<String>,
    pub prompt_template: String,
    pub system_prompt: Option<String>,
    pub executor_type: String,
    pub worker_queue_name: Option<String>,
    pub environment_name: Option<String>,
    pub config: Json,
    pub execution_environment: Option<Json>,
    pub next_execution_at: Option<i64>,
    pub created_by: Option<String>,
    pub created_by_email: Option<String>,
    pub updated_by: Option<String>,
    pub updated_by_email: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
