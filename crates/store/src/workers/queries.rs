//! Workers: reading, and the statements that change them. What looks for the lost crosses tenants
//! on purpose: it is the plane itself that looks.

use drover_domain::workers::WorkerKind;
use drover_domain::{Doing, EnvironmentId, OrgId, QueueId, Result, WorkerId, micros};
use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entity::{Column, Entity, Model};
use crate::WriteSet;
use crate::queues;

/// The status of a foreign worker that has registered and not opened its connection yet. One that ends
/// before it does would be missed for minutes, so it counts only with its connection, or once it has
/// lived for a while without.
pub const STARTING: &str = "starting";
/// How long that is.
pub const SETTLES: SignedDuration = SignedDuration::from_secs(5);
/// The status of a worker whose connection was closed.
const CLOSED: &str = "closed";

/// The rows of a worker, one for each of its queues; none if there is no such worker.
pub async fn worker_get(db: &DatabaseConnection, org: &OrgId, id: WorkerId) -> Result<Vec<Model>> {
    Entity::find().filter(the(org, id)).all(db).await.doing("read a worker")
}

/// The workers of a queue that live, the one heard last first.
pub async fn workers_of_queue(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
    now: Timestamp,
) -> Result<Vec<Model>> {
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(Column::QueueId.eq(queue.0))
        .filter(counts(now))
        .order_by_desc(Column::LastHeartbeat)
        .all(db)
        .await
        .doing("list the workers of a queue")
}

/// The workers of an organization that live, on each of their queues, the one heard last first.
pub async fn workers_living(
    db: &DatabaseConnection,
    org: &OrgId,
    now: Timestamp,
) -> Result<Vec<Model>> {
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(counts(now))
        .order_by_desc(Column::LastHeartbeat)
        .all(db)
        .await
        .doing("list the workers of an organization")
}

/// How many workers live on each of an organization's queues; queues without any are not there.
pub async fn workers_alive(
    db: &DatabaseConnection,
    org: &OrgId,
    now: Timestamp,
) -> Result<Vec<(QueueId, u32)>> {
    by_queue(db, org, counts(now)).await
}

/// How many places are taken on each of an organization's queues: workers that are about to start have
/// one already.
pub async fn places_taken(
    db: &DatabaseConnection,
    org: &OrgId,
    now: Timestamp,
) -> Result<Vec<(QueueId, u32)>> {
    by_queue(db, org, alive(now)).await
}

async fn by_queue(
    db: &DatabaseConnection,
    org: &OrgId,
    which: Condition,
) -> Result<Vec<(QueueId, u32)>> {
    let counted: Vec<(uuid::Uuid, i64)> = Entity::find()
        .select_only()
        .column(Column::QueueId)
        .column_as(Column::Id.count(), "alive")
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(which)
        .group_by(Column::QueueId)
        .into_tuple()
        .all(db)
        .await
        .doing("count the workers of queues")?;
    let count = |(queue, count)| (QueueId(queue), u32::try_from(count).unwrap_or(u32::MAX));
    Ok(counted.into_iter().map(count).collect())
}

/// The workers of a queue that have not left, whether they live or not.
pub async fn workers_staying(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
) -> Result<Vec<WorkerId>> {
    let workers: Vec<uuid::Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(Column::QueueId.eq(queue.0))
        .filter(Column::DisconnectedAt.is_null())
        .into_tuple()
        .all(db)
        .await
        .doing("list the workers that have not left a queue")?;
    Ok(workers.into_iter().map(WorkerId).collect())
}

/// Our own workers of all organizations that have not left.
pub async fn workers_here(db: &DatabaseConnection) -> Result<Vec<Model>> {
    Entity::find()
        .filter(Column::DisconnectedAt.is_null())
        .filter(Column::Kind.ne(WorkerKind::Foreign.as_str()))
        .all(db)
        .await
        .doing("list the workers that are here")
}

/// The `foreign` workers of all organizations that have not left.
pub async fn foreign_here(db: &DatabaseConnection) -> Result<Vec<Model>> {
    Entity::find()
        .filter(Column::DisconnectedAt.is_null())
        .filter(Column::Kind.eq(WorkerKind::Foreign.as_str()))
        .filter(Column::Status.ne(CLOSED))
        .all(db)
        .await
        .doing("list the foreign workers that are here")
}

/// The queues of all organizations that have had a worker that is still remembered.
pub async fn queues_ever_served(db: &DatabaseConnection) -> Result<Vec<QueueId>> {
    let queues: Vec<uuid::Uuid> = Entity::find()
        .select_only()
        .column(Column::QueueId)
        .distinct()
        .into_tuple()
        .all(db)
        .await
        .doing("list the queues that had workers")?;
    Ok(queues.into_iter().map(QueueId).collect())
}

/// Workers of all organizations that have not left and were silent for too long.
pub async fn workers_silent(
    db: &DatabaseConnection,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<Model>> {
    Entity::find()
        .filter(Column::DisconnectedAt.is_null())
        .filter(heard_since(now).not())
        .order_by_asc(Column::LastHeartbeat)
        .limit(limit)
        .all(db)
        .await
        .doing("look for lost workers")
}

/// Adds a worker to a queue that is there, active, and has fewer workers than it may have.
pub fn worker_insert(set: &mut WriteSet, worker: Model, now: Timestamp) {
    let (org, queue) = (OrgId::new(worker.organization_id.clone()), QueueId(worker.queue_id));
    // A statement of its own: it locks the queue's row, so that of two workers that come at once the
    // second counts the first.
    queues::queries::queue_stays(set, &org, queue);
    let alive = Query::select()
        .expr(Expr::col(Asterisk).count())
        .from(Entity)
        .and_where(Column::QueueId.eq(queue.0))
        .cond_where(alive(now))
        .to_owned();
    let alive = SimpleExpr::SubQuery(None, Box::new(alive.into()));
    queues::queries::queue_holds(set, &org, queue, alive);
    set.insert(worker);
}

/// Workers of a queue that have not left, or left only after an instant. For statements about queues.
pub(crate) fn here_or_left_since(queue: impl Into<SimpleExpr>, since: i64) -> SelectStatement {
    let left_since = Expr::col((Entity, Column::DisconnectedAt)).gt(since);
    ever_of(queue)
        .and_where(Expr::col((Entity, Column::DisconnectedAt)).is_null().or(left_since))
        .to_owned()
}

/// Workers that a queue has or had, as far as they are remembered.
pub(crate) fn ever_of(queue: impl Into<SimpleExpr>) -> SelectStatement {
    Query::select()
        // Not a value: Postgres would take a parameter here for a text.
        .column((Entity, Column::Id))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::QueueId)).eq(queue.into()))
        .to_owned()
}

/// Workers of a queue that live. For statements about queues.
pub(crate) fn alive_on(queue: QueueId, now: Timestamp) -> SelectStatement {
    ever_of(Expr::val(queue.0)).cond_where(alive(now)).to_owned()
}

/// Workers that live on a queue of an environment. For statements about environments.
pub(crate) fn alive_in(environment: EnvironmentId, now: Timestamp) -> SelectStatement {
    Query::select()
        // Not a value: Postgres would take a parameter here for a text.
        .column((Entity, Column::Id))
        .from(Entity)
        .and_where(
            Expr::col((Entity, Column::QueueId)).in_subquery(queues::queries::ids_in(environment)),
        )
        .cond_where(alive(now))
        .to_owned()
}

/// What a worker says of itself with a sign of life. `None` leaves what it said before.
#[derive(Debug, Default)]
pub struct Sign {
    /// `active`, `idle` or `busy`.
    pub status: String,
    /// Activities it has finished.
    pub tasks_processed: i64,
    /// What it does at the moment.
    pub current_task_id: Option<String>,
    /// Labels, or what a foreign one says.
    pub metadata: Option<serde_json::Value>,
    /// Its machine.
    pub system_info: Option<serde_json::Value>,
    /// Its last lines of log.
    pub logs: Option<serde_json::Value>,
}

/// A sign of life of a worker that has not left.
pub fn worker_heard(set: &mut WriteSet, org: &OrgId, id: WorkerId, sign: Sign, now: Timestamp) {
    let mut update = Entity::update_many()
        .col_expr(Column::LastHeartbeat, Expr::value(micros(now)))
        .col_expr(Column::Status, Expr::value(sign.status))
        .col_expr(Column::TasksProcessed, Expr::value(sign.tasks_processed))
        .col_expr(Column::CurrentTaskId, Expr::value(sign.current_task_id));
    for (column, value) in [
        (Column::Metadata, sign.metadata),
        (Column::SystemInfo, sign.system_info),
        (Column::Logs, sign.logs),
    ] {
        if let Some(value) = value {
            update = update.col_expr(column, Expr::value(value));
        }
    }
    set.add(update.filter(the(org, id)).filter(Column::DisconnectedAt.is_null()));
}

/// Says that the set needs the worker not to have left a queue.
pub fn worker_stays(set: &mut WriteSet, worker: &Model) {
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::LastHeartbeat, Expr::col(Column::LastHeartbeat))
            .filter(Column::Id.eq(worker.id))
            .filter(Column::QueueId.eq(worker.queue_id))
            .filter(Column::DisconnectedAt.is_null()),
    );
}

/// Lets a foreign worker come back that was found lost, as its row says, and is heard after all.
/// With it a queue may have more workers than it may have: it polls Temporal whether it is let in
/// or not, so that sending it away would only hide it (contract, workers §4: a sign of life is not
/// refused).
pub fn worker_is_back(set: &mut WriteSet, worker: &Model) {
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::DisconnectedAt, Expr::value(None::<i64>))
            .col_expr(Column::DisconnectReason, Expr::value(None::<String>))
            .filter(Column::Id.eq(worker.id))
            .filter(Column::QueueId.eq(worker.queue_id))
            .filter(Column::Kind.eq(WorkerKind::Foreign.as_str()))
            .filter(Column::DisconnectedAt.eq(worker.disconnected_at))
            .filter(Column::DisconnectReason.eq(worker.disconnect_reason.as_deref())),
    );
}

/// Ends a worker that has not left yet.
pub fn worker_ended(set: &mut WriteSet, org: &OrgId, id: WorkerId, reason: &str, now: Timestamp) {
    set.add(
        Entity::update_many()
            .col_expr(Column::DisconnectedAt, Expr::value(micros(now)))
            .col_expr(Column::DisconnectReason, Expr::value(reason))
            .filter(the(org, id))
            .filter(Column::DisconnectedAt.is_null()),
    );
}

/// Says that the set needs the worker to have been silent until now.
pub fn worker_is_silent(set: &mut WriteSet, worker: &Model, reason: &str, now: Timestamp) {
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::DisconnectedAt, Expr::value(micros(now)))
            .col_expr(Column::DisconnectReason, Expr::value(reason))
            .filter(Column::Id.eq(worker.id))
            .filter(Column::QueueId.eq(worker.queue_id))
            .filter(Column::DisconnectedAt.is_null())
            .filter(Column::LastHeartbeat.eq(worker.last_heartbeat)),
    );
}

/// Says that the worker's connection was closed, if it was not heard since this instant: it counts for
/// nobody until it is heard again. Whether it is lost is told by its silence, as always.
pub fn worker_closed(set: &mut WriteSet, worker: &Model) {
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::Status, Expr::value(CLOSED))
            .filter(Column::Id.eq(worker.id))
            .filter(Column::QueueId.eq(worker.queue_id))
            .filter(Column::DisconnectedAt.is_null())
            .filter(Column::LastHeartbeat.eq(worker.last_heartbeat)),
    );
}

/// Gives all workers that are here as much time as one that was heard now: who could not be heard
/// while the plane was away is not lost for that.
pub fn workers_have_time(set: &mut WriteSet, now: Timestamp) {
    set.add(
        Entity::update_many()
            .col_expr(Column::LastHeartbeat, Expr::value(micros(now)))
            .filter(Column::DisconnectedAt.is_null()),
    );
}

/// Forgets workers that left long ago.
pub fn workers_forget(set: &mut WriteSet, before: Timestamp) {
    set.add(Entity::delete_many().filter(Column::DisconnectedAt.lt(micros(before))));
}

/// Whether a worker has not left and was heard lately.
fn alive(now: Timestamp) -> Condition {
    Condition::all()
        .add(Column::DisconnectedAt.is_null())
        .add(Column::Status.ne(CLOSED))
        .add(heard_since(now))
}

/// Whether it also is past its start.
fn counts(now: Timestamp) -> Condition {
    let settled = now.checked_sub(SETTLES).unwrap_or(now);
    let is_settled = Column::Status.ne(STARTING).or(Column::RegisteredAt.lte(micros(settled)));
    alive(now).add(is_settled)
}

fn heard_since(now: Timestamp) -> SimpleExpr {
    let of = |kind: WorkerKind| {
        let since = micros(kind.heard_since(now));
        Column::Kind.eq(kind.as_str()).and(Column::LastHeartbeat.gte(since))
    };
    of(WorkerKind::Drover).or(of(WorkerKind::Temporal)).or(of(WorkerKind::Foreign))
}

fn the(org: &OrgId, id: WorkerId) -> SimpleExpr {
    Column::OrganizationId.eq(org.as_str()).and(Column::Id.eq(id.0))
}
