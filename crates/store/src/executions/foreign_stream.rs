//! What a foreign worker has streamed of the turn that it is in. The pieces themselves are in the log.

use sea_orm::entity::prelude::*;

/// What a foreign worker has streamed of the turn that it is in.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "foreign_streams")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub execution_id: Uuid,
    pub organization_id: String,
    /// The message that was spoken last.
    pub message_id: String,
    /// All pieces of the turn come after this entry of the log.
    pub after_seq: i64,
    /// Bytes of letters in all of the turn's pieces.
    pub letters: i64,
    /// Bytes of letters in the pieces of the message.
    pub message_letters: i64,
    /// A piece that says all before it once more: not in the log unless another one follows.
    pub held: Option<String>,
    /// Whether the turn has been reported: what still comes of its message comes too late.
    pub ended: bool,
    /// Counts the writes; every one guards on it.
    pub pieces: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
