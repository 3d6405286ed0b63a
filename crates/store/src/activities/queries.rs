//! Reads of the engine. They cross tenants on purpose: the engine serves all of them, and every
//! decision it takes from here is made with the organization of the row.

use drover_domain::{ActivityId, Doing, ExecutionId, OrgId, QueueId, Result};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
};

use super::{entity, timer};
use crate::{WriteSet, executions, queues};

/// An activity.
pub async fn activity_by_id(
    db: &DatabaseConnection,
    id: ActivityId,
) -> Result<Option<entity::Model>> {
    entity::Entity::find_by_id(id.0).one(db).await.doing("read an activity")
}

/// What waits for a worker of these queues, oldest first in each; `after` is the last one of the page
/// before.
pub async fn waiting(
    db: &DatabaseConnection,
    queues: &[QueueId],
    after: Option<(QueueId, ActivityId)>,
    limit: u64,
) -> Result<Vec<entity::Model>> {
    use entity::Column;
    entity::Entity::find()
        .filter(Column::EndedAt.is_null())
        .filter(Column::QueueId.is_in(queues.iter().map(|queue| queue.0)))
        .filter(Column::State.eq("queued"))
        .apply_if(after, |query, (queue, id)| {
            let later = Column::QueueId.eq(queue.0).and(Column::Id.gt(id.0));
            query.filter(Column::QueueId.gt(queue.0).or(later))
        })
        .order_by_asc(Column::QueueId)
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await
        .doing("read what waits")
}

/// Leases on these queues whose owner's name begins so, but for one owner.
pub async fn leased_by_others(
    db: &DatabaseConnection,
    queues: &[QueueId],
    owners: &str,
    but_for: &str,
    limit: u64,
) -> Result<Vec<entity::Model>> {
    leased(queues)
        .filter(entity::Column::LeaseOwner.starts_with(owners))
        .filter(entity::Column::LeaseOwner.ne(but_for))
        .limit(limit)
        .all(db)
        .await
        .doing("read what an earlier process left")
}

/// Leases of an owner on these queues.
pub async fn leased_by(
    db: &DatabaseConnection,
    queues: &[QueueId],
    owner: &str,
) -> Result<Vec<entity::Model>> {
    leased(queues)
        .filter(entity::Column::LeaseOwner.eq(owner))
        .all(db)
        .await
        .doing("read the leases of a worker")
}

/// Those of these activities whose lease an owner has.
pub async fn leases_held(
    db: &DatabaseConnection,
    ids: &[ActivityId],
    owner: &str,
) -> Result<Vec<entity::Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    use entity::Column;
    entity::Entity::find()
        .filter(Column::Id.is_in(ids.iter().map(|id| id.0)))
        .filter(Column::State.eq("leased"))
        .filter(Column::LeaseOwner.eq(owner))
        .all(db)
        .await
        .doing("look which leases are held")
}

/// Those of these activities that wait for a worker or have one, with their state and try.
pub async fn activities_under_way(
    db: &DatabaseConnection,
    ids: &[ActivityId],
) -> Result<Vec<(ActivityId, String, i32)>> {
    use entity::Column;
    let rows: Vec<(uuid::Uuid, String, i32)> = entity::Entity::find()
        .select_only()
        .columns([Column::Id, Column::State, Column::Attempt])
        .filter(Column::Id.is_in(ids.iter().map(|id| id.0)))
        .filter(Column::EndedAt.is_null())
        .into_tuple()
        .all(db)
        .await
        .doing("look which activities are under way")?;
    Ok(rows.into_iter().map(|(id, state, attempt)| (ActivityId(id), state, attempt)).collect())
}

/// Leases on these queues that ran out before an instant.
pub async fn leases_before(
    db: &DatabaseConnection,
    queues: &[QueueId],
    now: i64,
    limit: u64,
) -> Result<Vec<entity::Model>> {
    leased(queues)
        .filter(entity::Column::LeaseUntil.lt(now))
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
    let due: Vec<uuid::Uuid> = timer::Entity::find()
        .select_only()
        .column(timer::Column::ExecutionId)
        .filter(timer::Column::DueAt.lte(now))
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
        .doing("read due timers")?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    // Not joined: a planner that knows little of so small a table may read all runs for it.
    let due: Vec<(uuid::Uuid, String)> = executions::entity::Entity::find()
        .select_only()
        .column(executions::entity::Column::Id)
        .column(executions::entity::Column::OrganizationId)
        .filter(executions::entity::Column::Id.is_in(due))
        .into_tuple()
        .all(db)
        .await
        .doing("read whose timers are due")?;
    Ok(due.into_iter().map(|(id, org)| (OrgId::new(org), ExecutionId(id))).collect())
}

/// How many activities of a queue wait for a worker.
pub async fn waiting_count(db: &DatabaseConnection, org: &OrgId, queue: QueueId) -> Result<u64> {
    entity::Entity::find()
        .filter(entity::Column::EndedAt.is_null())
        .filter(entity::Column::QueueId.eq(queue.0))
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .filter(entity::Column::State.eq("queued"))
        .count(db)
        .await
        .doing("count what waits on a queue")
}

/// Who holds leases on a queue.
pub async fn lease_owners(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
) -> Result<Vec<String>> {
    let owners: Vec<Option<String>> = leased(&[queue])
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .select_only()
        .column(entity::Column::LeaseOwner)
        .distinct()
        .into_tuple()
        .all(db)
        .await
        .doing("list who holds leases on a queue")?;
    Ok(owners.into_iter().flatten().collect())
}

/// Runs with a step that waits on a queue that is not there any more.
pub async fn waiting_nowhere(
    db: &DatabaseConnection,
    limit: u64,
) -> Result<Vec<(OrgId, ExecutionId)>> {
    use entity::{Column, Entity};
    use queues::entity::{Column as Queue, Entity as Queues};
    let its_queue = Query::select()
        .expr(Expr::val(1))
        .from(Queues)
        .and_where(Expr::col((Queues, Queue::Id)).equals((Entity, Column::QueueId)))
        .to_owned();
    let waiting: Vec<(String, uuid::Uuid)> = Entity::find()
        .select_only()
        .columns([Column::OrganizationId, Column::ExecutionId])
        .filter(Column::EndedAt.is_null())
        .filter(Expr::exists(its_queue).not())
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
        .doing("look for runs whose queue is gone")?;
    Ok(waiting.into_iter().map(|(org, id)| (OrgId::new(org), ExecutionId(id))).collect())
}

/// Says that the set needs the lease to be as in this row.
pub fn lease_stays(set: &mut WriteSet, row: &entity::Model) {
    use entity::Column;
    set.add_guarded(
        entity::Entity::update_many()
            .col_expr(Column::LeaseUntil, Expr::col(Column::LeaseUntil))
            .filter(Column::Id.eq(row.id))
            .filter(Column::State.eq("leased"))
            .filter(Column::LeaseOwner.eq(row.lease_owner.as_deref()))
            .filter(Column::LeaseUntil.eq(row.lease_until))
            .filter(Column::Attempt.eq(row.attempt)),
    );
}

impl entity::Model {
    /// Whether it is leased as in another row of it.
    pub fn has_lease_of(&self, other: &Self) -> bool {
        self.state == "leased"
            && self.lease_owner == other.lease_owner
            && self.lease_until == other.lease_until
            && self.attempt == other.attempt
    }
}

fn leased(queues: &[QueueId]) -> Select<entity::Entity> {
    use entity::Column;
    entity::Entity::find()
        .filter(Column::EndedAt.is_null())
        .filter(Column::QueueId.is_in(queues.iter().map(|queue| queue.0)))
        .filter(Column::State.eq("leased"))
}
