//! One step of a run: the outbox of the engine, and the meter of what was used.

use sea_orm::entity::prelude::*;

/// One step of a run: the outbox of the engine, and the meter of what was used.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "activities")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub execution_id: Uuid,
    pub queue_id: Uuid,
    pub ordinal: i32,
    /// `turn` or `tool`.
    pub kind: String,
    pub turn: i32,
    /// Which call of the turn, for tools.
    pub call: i32,
    /// `queued`, `leased`, `done`, `failed` or `stopped`.
    pub state: String,
    pub attempt: i32,
    pub not_before: i64,
    pub lease_owner: Option<String>,
    pub lease_until: Option<i64>,
    /// A tool's process group and start time, `<group>:<ticks>`.
    pub process: Option<String>,
    pub model: Option<String>,
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub cached_tokens: Option<i64>,
    pub reasoning_tokens: Option<i64>,
    pub cost_micro_usd: Option<i64>,
    pub price_version: Option<String>,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    /// Numbered reports of progress of the current try that are stored: a repeated one is known by it.
    pub reports: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
