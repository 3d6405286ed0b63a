//! Turns, tool calls and tasks: reading, and the statements that change them.

use drover_domain::{Doing, ExecutionId, OrgId, Result, micros};
use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, UpdateMany};
use uuid::Uuid;

use super::{task, turn};
use crate::WriteSet;

/// The turn of a run with this number.
pub async fn turn_get(
    db: &DatabaseConnection,
    org: &OrgId,
    execution: ExecutionId,
    number: i32,
) -> Result<Option<turn::Model>> {
    turn::Entity::find()
        .filter(turn::Column::OrganizationId.eq(org.as_str()))
        .filter(turn::Column::ExecutionId.eq(execution.0))
        .filter(turn::Column::TurnNumber.eq(number))
        .one(db)
        .await
        .doing("read a turn")
}

/// Whether there is a turn of a run with this id.
pub async fn turn_exists(
    db: &DatabaseConnection,
    org: &OrgId,
    execution: ExecutionId,
    id: Uuid,
) -> Result<bool> {
    let row = turn::Entity::find_by_id(id)
        .filter(turn::Column::OrganizationId.eq(org.as_str()))
        .filter(turn::Column::ExecutionId.eq(execution.0))
        .one(db)
        .await
        .doing("look for a turn")?;
    Ok(row.is_some())
}

/// A task.
pub async fn task_get(
    db: &DatabaseConnection,
    org: &OrgId,
    id: Uuid,
) -> Result<Option<task::Model>> {
    task::Entity::find_by_id(id)
        .filter(task::Column::OrganizationId.eq(org.as_str()))
        .one(db)
        .await
        .doing("read a task")
}

/// What a task's progress changes; `None` leaves what was there.
#[derive(Debug, Default)]
pub struct TaskChange {
    /// Where it stands.
    pub status: Option<String>,
    /// When it ended.
    pub completed_at: Option<i64>,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// What came of it.
    pub result: Option<String>,
    /// Why it failed.
    pub error_message: Option<String>,
}

/// Writes a task's progress; stale if there is no such task.
pub fn task_update(set: &mut WriteSet, org: &OrgId, id: Uuid, change: TaskChange, now: Timestamp) {
    use task::Column;
    let mut update: UpdateMany<task::Entity> =
        task::Entity::update_many().col_expr(Column::UpdatedAt, Expr::value(micros(now)));
    for (column, text) in [
        (Column::Status, change.status),
        (Column::Result, change.result),
        (Column::ErrorMessage, change.error_message),
    ] {
        if let Some(text) = text {
            update = update.col_expr(column, Expr::value(text));
        }
    }
    for (column, number) in
        [(Column::CompletedAt, change.completed_at), (Column::DurationMs, change.duration_ms)]
    {
        if let Some(number) = number {
            update = update.col_expr(column, Expr::value(number));
        }
    }
    let the = Column::OrganizationId.eq(org.as_str()).and(Column::Id.eq(id));
    set.add_guarded(update.filter(the));
}
