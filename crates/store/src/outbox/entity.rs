//! Something that has to be told to Temporal about a run.

use sea_orm::entity::prelude::*;

/// Something that has to be told to Temporal about a run. The row goes once it was told.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub execution_id: Uuid,
    pub queue_id: Uuid,
    /// `start`, `steer`, `cancel`, `terminate`, `message` or `done`.
    pub kind: String,
    /// What comes next in the run, for `start` and `steer`.
    pub payload: String,
    /// Until then somebody is at it; [`super::queries::PARKED`] while its queue has no worker that takes
    /// from a task queue.
    pub claimed_until: i64,
    pub created_at: i64,
    /// The claim it was last part of; `None` before the first.
    pub claim: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
