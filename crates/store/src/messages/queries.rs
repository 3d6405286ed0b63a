//! Reads of conversations.

use drover_domain::messages::{Body, Message};
use drover_domain::{Doing, ExecutionId, OrgId, Result};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};

use super::entity;
use crate::executions;

/// The conversation of a run in order, its prompt in its place.
pub async fn message_list(
    db: &DatabaseConnection,
    run: &executions::entity::Model,
) -> Result<Vec<entity::Model>> {
    let mut rows = entity::Entity::find()
        .filter(entity::Column::ExecutionId.eq(run.id))
        .filter(entity::Column::OrganizationId.eq(&run.organization_id))
        .order_by_asc(entity::Column::Ordinal)
        .all(db)
        .await
        .doing("read a conversation")?;
    let place = rows.partition_point(|row| row.ordinal < entity::PROMPT);
    rows.insert(place, prompt(run)?);
    Ok(rows)
}

/// A conversation as a model is sent it; empty if the organization has no such run.
pub async fn conversation(
    db: &DatabaseConnection,
    org: &OrgId,
    execution: ExecutionId,
) -> Result<Vec<Message>> {
    let Some(run) = executions::queries::execution_get(db, org, execution).await? else {
        return Ok(Vec::new());
    };
    let rows = message_list(db, &run).await?;
    rows.into_iter()
        .map(|row| Ok(Message { body: body(&row)?, message_id: row.message_id }))
        .collect()
}

/// What was said last in a conversation after its prompt, and when.
pub async fn last_message(
    db: &DatabaseConnection,
    org: &OrgId,
    execution: ExecutionId,
) -> Result<Option<(Body, i64)>> {
    let row = entity::Entity::find()
        .filter(entity::Column::ExecutionId.eq(execution.0))
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .filter(entity::Column::Ordinal.gt(entity::PROMPT))
        .order_by_desc(entity::Column::Ordinal)
        .one(db)
        .await
        .doing("read the last message")?;
    row.map(|row| Ok((body(&row)?, row.at))).transpose()
}

/// The prompt, which stands on the run, as the message it is.
fn prompt(run: &executions::entity::Model) -> Result<entity::Model> {
    let Message { message_id, body } = Message::prompt(ExecutionId(run.id), run.prompt.clone());
    Ok(entity::Model {
        execution_id: run.id,
        message_id,
        organization_id: run.organization_id.clone(),
        ordinal: entity::PROMPT,
        role: body.role().to_owned(),
        body: serde_json::to_string(&body).doing("write a message")?,
        user_id: run.user_id.clone(),
        user_email: run.user_email.clone(),
        user_name: run.user_name.clone(),
        at: run.created_at,
    })
}

fn body(row: &entity::Model) -> Result<Body> {
    serde_json::from_str(&row.body).doing("read a message")
}
