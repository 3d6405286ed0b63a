//! Reads of the runs of a queue, and what statements about queues ask of them.

use drover_domain::executions::Status;
use drover_domain::{Doing, EnvironmentId, ExecutionId, OrgId, QueueId, Result, micros};
use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, DatabaseConnection, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use uuid::Uuid;

use super::entity;
use super::queries::{OPEN, RunOutline, of, outlined};
use crate::queues;

/// Runs on a queue that run or wait for their worker to go on with a message.
pub async fn runs_under_way(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
) -> Result<Vec<entity::Model>> {
    let under_way = [Status::Running, Status::WaitingForInput].map(Status::as_str);
    of(org)
        .filter(entity::Column::Status.is_in(under_way))
        .filter(on(queue.0))
        .all(db)
        .await
        .doing("list the runs of a queue")
}

/// The newest runs of a queue; only those in a state, if one is given.
pub async fn runs_of_queue(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
    status: Option<Status>,
    limit: u64,
) -> Result<Vec<entity::Model>> {
    newest_of_queue(org, queue, status, limit).all(db).await.doing("list the runs of a queue")
}

/// The same without what lists of workflows do not show.
pub async fn run_outlines_of_queue(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
    status: Option<Status>,
    limit: u64,
) -> Result<Vec<RunOutline>> {
    let outlines = outlined(newest_of_queue(org, queue, status, limit)).into_model().all(db).await;
    outlines.doing("list the workflows of a queue")
}

fn newest_of_queue(
    org: &OrgId,
    queue: QueueId,
    status: Option<Status>,
    limit: u64,
) -> Select<entity::Entity> {
    let mut select = of(org).filter(entity::Column::WorkerQueueId.eq(queue.0));
    if let Some(status) = status {
        select = select.filter(entity::Column::Status.eq(status.as_str()));
    }
    select.order_by_desc(entity::Column::Id).limit(limit)
}

/// How many runs that are in one of these states are on each of an organization's queues; queues
/// without any are not there.
pub async fn runs_by_queue(
    db: &DatabaseConnection,
    org: &OrgId,
    states: &[Status],
) -> Result<Vec<(QueueId, u64)>> {
    let counted: Vec<(Uuid, i64)> = of(org)
        .filter(entity::Column::Status.is_in(states.iter().map(|status| status.as_str())))
        .select_only()
        .column(entity::Column::WorkerQueueId)
        .column_as(entity::Column::Id.count(), "runs")
        .group_by(entity::Column::WorkerQueueId)
        .into_tuple()
        .all(db)
        .await
        .doing("count the executions of queues")?;
    let count = |(queue, runs)| (QueueId(queue), u64::try_from(runs).unwrap_or_default());
    Ok(counted.into_iter().map(count).collect())
}

/// Runs of a queue that are not over.
pub async fn runs_open_on(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
    limit: u64,
) -> Result<Vec<ExecutionId>> {
    let open: Vec<Uuid> = open_of_queue(org, queue)
        .select_only()
        .column(entity::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
        .doing("list the runs of a queue that are not over")?;
    Ok(open.into_iter().map(ExecutionId).collect())
}

/// How many runs of a queue are not over.
pub async fn runs_open_count(db: &DatabaseConnection, org: &OrgId, queue: QueueId) -> Result<u64> {
    let open = open_of_queue(org, queue).count(db).await;
    open.doing("count the runs of a queue that are not over")
}

fn open_of_queue(org: &OrgId, queue: QueueId) -> Select<entity::Entity> {
    of(org).filter(entity::Column::Status.is_in(OPEN.map(Status::as_str))).filter(on(queue.0))
}

/// Runs of a queue that are not over. For statements about queues.
pub(crate) fn open_on(org: impl Into<SimpleExpr>, queue: impl Into<SimpleExpr>) -> SelectStatement {
    open(org, on(queue))
}

/// Runs on the queues of an environment that are not over. For statements about environments.
pub(crate) fn open_in(org: &OrgId, environment: EnvironmentId) -> SelectStatement {
    let queue = Expr::col((entity::Entity, entity::Column::WorkerQueueId));
    open(Expr::val(org.as_str()), queue.in_subquery(queues::queries::ids_in(environment)))
}

fn open(org: impl Into<SimpleExpr>, is_there: SimpleExpr) -> SelectStatement {
    use entity::{Column, Entity};
    Query::select()
        // Not a value: Postgres would take a parameter here for a text.
        .column((Entity, Column::Id))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::OrganizationId)).eq(org.into()))
        .and_where(Expr::col((Entity, Column::Status)).is_in(OPEN.map(Status::as_str)))
        .and_where(is_there)
        .to_owned()
}

/// Whether a run is on a queue, for what goes by the states of runs: of those that a queue ever
/// had, few are not over. SQLite has counted neither, and would go by the queue; but no index knows
/// what a function gives.
pub(super) fn on(queue: impl Into<SimpleExpr>) -> SimpleExpr {
    let its = || Expr::col((entity::Entity, entity::Column::WorkerQueueId));
    let queue: SimpleExpr = queue.into();
    SimpleExpr::from(Func::coalesce([its(), its()])).eq(queue)
}

/// The runs of a queue in one state.
#[derive(Debug, Clone, PartialEq, FromQueryResult)]
pub struct StateOfQueue {
    /// Which state.
    pub status: String,
    /// How many.
    pub runs: i64,
    /// Milliseconds from the first worker to the end, on average.
    pub took_ms: Option<f64>,
    /// When the last of them ended.
    pub ended_at: Option<i64>,
    /// When something last changed about one of them.
    pub changed_at: i64,
}

/// The runs of a queue by their state: those that are not over, and those that were accepted since an
/// instant.
pub async fn states_of_queue(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
    since: Timestamp,
) -> Result<Vec<StateOfQueue>> {
    use entity::Column;
    let millis = u128::try_from(since.as_millisecond()).unwrap_or_default();
    let took = Expr::col(Column::CompletedAt).sub(Expr::col(Column::StartedAt));
    let took_ms = took.cast_as("double precision").div(1000.0);
    let over = of(org)
        .filter(Column::Status.is_not_in(OPEN.map(Status::as_str)))
        // Ids begin with the milliseconds of their making, so this reads the newest runs alone.
        .filter(Column::Id.gte(Uuid::from_u128(millis << 80)))
        .filter(Column::CreatedAt.gte(micros(since)))
        .filter(Column::WorkerQueueId.eq(queue.0));
    let open = open_of_queue(org, queue);
    let mut states = Vec::new();
    for runs in [over, open] {
        let some = runs
            .select_only()
            .column(Column::Status)
            .column_as(Column::Id.count(), "runs")
            .column_as(SimpleExpr::from(Func::avg(took_ms.clone())), "took_ms")
            .column_as(Column::CompletedAt.max(), "ended_at")
            .column_as(Column::UpdatedAt.max(), "changed_at")
            .group_by(Column::Status)
            .into_model()
            .all(db)
            .await;
        states.extend::<Vec<StateOfQueue>>(some.doing("count the runs of a queue")?);
    }
    Ok(states)
}

/// The flows of the runs of a queue that run.
pub async fn flows_running_on(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
) -> Result<Vec<String>> {
    of(org)
        .filter(entity::Column::Status.eq(Status::Running.as_str()))
        .filter(on(queue.0))
        .select_only()
        .column(entity::Column::Flow)
        .into_tuple()
        .all(db)
        .await
        .doing("read what the runs of a queue do")
}
