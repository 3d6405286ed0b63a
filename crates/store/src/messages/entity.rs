//! One message of a run's conversation.

use sea_orm::entity::prelude::*;

/// The place of the run's prompt. No row has it: the prompt stands on the run itself.
pub const PROMPT: i32 = 0;

/// One message of a run's conversation.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub execution_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: String,
    pub organization_id: String,
    /// Its place: what was taken over from a parent is below [`PROMPT`], the rest above.
    pub ordinal: i32,
    pub role: String,
    /// The `messages::Body`, JSON.
    pub body: String,
    pub user_id: Option<String>,
    pub user_email: Option<String>,
    pub user_name: Option<String>,
    pub at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
