//! A run (contract, executions). Its job link and idempotency key are columns.

use sea_orm::entity::prelude::*;

/// A run (contract, executions). Its job link and idempotency key are columns.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "executions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    /// `AGENT` or `TEAM`, upper case as the contract has it.
    pub execution_type: String,
    pub entity_id: String,
    pub entity_name: Option<String>,
    pub runner_name: String,
    pub user_id: Option<String>,
    pub user_email: Option<String>,
    pub user_name: Option<String>,
    pub trigger_source: String,
    pub job_id: Option<String>,
    pub parent_execution_id: Option<Uuid>,
    pub worker_queue_id: Uuid,
    /// SHA-256 of route and key; unique in the organization.
    pub idempotency_key: Option<Vec<u8>>,
    /// SHA-256 of the request that used the key.
    pub request_hash: Option<Vec<u8>>,
    pub prompt: String,
    pub system_prompt: Option<String>,
    /// The configuration of this run over the agent's.
    pub config: Json,
    pub status: String,
    pub response: Option<String>,
    pub error_message: Option<String>,
    pub usage: Json,
    pub execution_metadata: Json,
    /// The flow's state, JSON, at most 4 KiB.
    pub flow: String,
    /// Counts the writes of the flow; every step guards on it.
    pub version: i64,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub completed_at: Option<i64>,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
