//! A worker on one of its queues (contract, workers §2.2).

use drover_domain::workers::WorkerKind;
use sea_orm::entity::prelude::*;

/// A worker on one of its queues. One that serves several has as many rows with one id.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "workers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub queue_id: Uuid,
    pub organization_id: String,
    /// `drover`, `temporal` or `foreign`.
    pub kind: String,
    /// The version it says it has.
    pub version: String,
    /// Labels of a worker of ours; what a foreign one says of itself.
    pub metadata: Json,
    pub system_info: Json,
    /// Its last lines of log.
    pub logs: Json,
    /// What it said of itself last: `active`, `idle` or `busy`. Whether it lives is told by
    /// `last_heartbeat` alone.
    pub status: String,
    pub tasks_processed: i64,
    pub current_task_id: Option<String>,
    pub registered_at: i64,
    pub last_heartbeat: i64,
    /// When it left, or was found lost.
    pub disconnected_at: Option<i64>,
    /// Why.
    pub disconnect_reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whether it is the reference's, which hosts workflows of its own.
    pub fn is_foreign(&self) -> bool {
        self.kind == WorkerKind::Foreign.as_str()
    }
}
