//! Reads of conversations.

use drover_domain::messages::Message;
use drover_domain::{Doing, ExecutionId, OrgId, Result};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};

use super::entity;

/// The rows of a conversation, in order.
pub async fn message_list(
    db: &DatabaseConnection,
    org: &OrgId,
    execution: ExecutionId,
) -> Result<Vec<entity::Model>> {
    entity::Entity::find()
        .filter(entity::Column::ExecutionId.eq(execution.0))
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .order_by_asc(entity::Column::Ordinal)
        .all(db)
        .await
        .doing("read a conversation")
}

/// A conversation as a prompt is built from it.
pub async fn conversation(
    db: &DatabaseConnection,
    org: &OrgId,
    execution: ExecutionId,
) -> Result<Vec<Message>> {
    let rows = message_list(db, org, execution).await?;
    rows.into_iter()
        .map(|row| {
            let body = serde_json::from_str(&row.body).doing("read a message")?;
            Ok(Message { message_id: row.message_id, body })
        })
        .collect()
}

/// The last message of a conversation, and when it was said.
pub async fn last_message(
    db: &DatabaseConnection,
    org: &OrgId,
    execution: ExecutionId,
) -> Result<Option<(drover_domain::messages::Body, i64)>> {
    let row = entity::Entity::find()
        .filter(entity::Column::ExecutionId.eq(execution.0))
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .order_by_desc(entity::Column::Ordinal)
        .one(db)
        .await
        .doing("read the last message")?;
    row.map(|row| Ok((serde_json::from_str(&row.body).doing("read a message")?, row.at)))
        .transpose()
}
