//! Reads of the engine. They cross tenants on purpose: the engine serves all of them, and every
//! decision it takes from here is made with the organization of the row.

use drover_domain::{ActivityId, Doing, ExecutionId, OrgId, QueueId, Result};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{entity, timer};
use crate::executions;

/// An activity.
pub async fn activity_by_id(
    db: &DatabaseConnection,
    id: ActivityId,
) -> Result<Option<entity::Model>> {
    entity::Entity::find_by_id(id.0).one(db).await.doing("read an activity")
}

/// What waits for a worker of these queues, oldest first.
pub async fn waiting(
    db: &DatabaseConnection,
    queues: &[QueueId],
    limit: u64,
) -> Result<Vec<entity::Model>> {
    use entity::Column;
    entity::Entity::find()
        .filter(Column::EndedAt.is_null())
        .filter(Column::QueueId.is_in(queues.iter().map(|queue| queue.0)))
        .filter(Column::State.eq("queued"))
        .order_by_asc(Column::QueueId)
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await
        .doing("read what waits")
}

/// Leases of other owners on these queues.
pub async fn leased_by_others(
    db: &DatabaseConnection,
    queues: &[QueueId],
    owner: &str,
    limit: u64,
) -> Result<Vec<entity::Model>> {
    use entity::Column;
    entity::Entity::find()
        .filter(Column::EndedAt.is_null())
        .filter(Column::QueueId.is_in(queues.iter().map(|queue| queue.0)))
        .filter(Column::State.eq("leased"))
        .filter(Column::LeaseOwner.ne(owner))
        .limit(limit)
        .all(db)
        .await
        .doing("read what an earlier process left")
}

/// Leases on these queues that ran out before an instant.
pub async fn leases_before(
    db: &DatabaseConnection,
    queues: &[QueueId],
    now: i64,
    limit: u64,
) -> Result<Vec<entity::Model>> {
    use entity::Column;
    entity::Entity::find()
        .filter(Column::EndedAt.is_null())
        .filter(Column::QueueId.is_in(queues.iter().map(|queue| queue.0)))
        .filter(Column::State.eq("leased"))
        .filter(Column::LeaseUntil.lt(now))
        .limit(limit)
        .all(db)
        .await
        .doing("read lost leases")
}

/// Runs whose wake-up is due.
pub async fn due_timers(
    db: &DatabaseConnection,
    now: i64,
    limit: u64,
) -> Result<Vec<(OrgId, ExecutionId)>> {
    let due: Vec<(uuid::Uuid, String)> = timer::Entity::find()
        .select_only()
        .column(timer::Column::ExecutionId)
        .join(sea_orm::JoinType::InnerJoin, timer_execution())
        .column_as(executions::entity::Column::OrganizationId, "organization_id")
        .filter(timer::Column::DueAt.lte(now))
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
        .doing("read due timers")?;
    Ok(due.into_iter().map(|(id, org)| (OrgId::new(org), ExecutionId(id))).collect())
}

fn timer_execution() -> sea_orm::RelationDef {
    timer::Entity::belongs_to(executions::entity::Entity)
        .from(timer::Column::ExecutionId)
        .to(executions::entity::Column::Id)
        .into()
}
