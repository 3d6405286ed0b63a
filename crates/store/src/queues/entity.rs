//! A worker queue (contract, workers §2).

use sea_orm::entity::prelude::*;

/// A worker queue (contract, workers §2).
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "worker_queues")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub environment_id: Uuid,
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub status: String,
    pub max_workers: Option<i32>,
    pub heartbeat_interval: i32,
    pub tags: Json,
    pub settings: Json,
    /// Made for one run or one shell; left out of lists, and removed with its last worker.
    pub ephemeral: bool,
    /// Seconds after which an ephemeral one goes that never had a worker.
    pub auto_cleanup_after_seconds: Option<i32>,
    pub single_execution: bool,
    /// Served by the worker inside the process: the `default` queue of each `default` environment.
    pub in_process: bool,
    pub created_by: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
