//! The worker of a queue that may update itself at the moment.

use sea_orm::entity::prelude::*;

/// The worker of a queue that may update itself at the moment.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "queue_update_locks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub queue_id: Uuid,
    pub organization_id: String,
    pub lock_id: Uuid,
    /// A name that the worker gives itself; all workers of the command line have the same.
    pub worker_id: String,
    pub acquired_at: i64,
    pub expires_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
