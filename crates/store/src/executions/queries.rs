//! Reads of runs and their logs, and the guard of what only a run that is not over takes.

use std::collections::HashMap;

use drover_domain::executions::{EventKind, Status, StoredEvent};
use drover_domain::{
    Doing, EnvironmentId, Error, ExecutionId, JobId, OrgId, Page, QueueId, Result, micros,
    timestamp,
};
use jiff::Timestamp;
use sea_orm::entity::prelude::Json;
use sea_orm::sea_query::{
    Expr, ExprTrait, Func, IntoColumnRef, Order, Query, SelectStatement, SimpleExpr,
};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, FromQueryResult, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationDef, Select,
};
use uuid::Uuid;

use super::{entity, event, foreign_stream, head};
use crate::{WriteSet, activities, jobs, queues};

/// Which runs of an organization.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state.
    pub status: Option<Status>,
    /// `AGENT` or `TEAM`.
    pub execution_type: Option<String>,
    /// Of this agent or team.
    pub entity_id: Option<String>,
    /// Of this job.
    pub job_id: Option<JobId>,
}

/// The states of a run that is not over.
const OPEN: [Status; 5] =
    [Status::Pending, Status::Queued, Status::Running, Status::WaitingForInput, Status::Paused];

/// How the runs of a job went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// All runs.
    pub total: u64,
    /// Completed ones.
    pub successful: u64,
    /// Failed ones.
    pub failed: u64,
    /// The newest: id and when it was accepted.
    pub last: Option<(Uuid, i64)>,
}

/// A run.
pub async fn execution_get(
    db: &DatabaseConnection,
    org: &OrgId,
    id: ExecutionId,
) -> Result<Option<entity::Model>> {
    of(org).filter(entity::Column::Id.eq(id.0)).one(db).await.doing("read an execution")
}

/// Which of these runs are not over, and whose they are. For the plane itself, which hears of runs from
/// Temporal by their ids alone.
pub async fn open_among(
    db: &DatabaseConnection,
    ids: &[ExecutionId],
) -> Result<Vec<(ExecutionId, OrgId)>> {
    let open: Vec<(Uuid, String)> = entity::Entity::find()
        .select_only()
        .column(entity::Column::Id)
        .column(entity::Column::OrganizationId)
        .filter(entity::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .filter(entity::Column::Status.is_in(OPEN.map(Status::as_str)))
        .into_tuple()
        .all(db)
        .await
        .doing("read which executions are not over")?;
    Ok(open.into_iter().map(|(id, org)| (ExecutionId(id), OrgId::new(org))).collect())
}

/// The run that used an idempotency key.
pub async fn execution_by_key(
    db: &DatabaseConnection,
    org: &OrgId,
    key: &[u8],
) -> Result<Option<entity::Model>> {
    of(org)
        .filter(entity::Column::IdempotencyKey.eq(key.to_vec()))
        .one(db)
        .await
        .doing("read an execution by its idempotency key")
}

/// A page of runs, newest first.
pub async fn execution_list(
    db: &DatabaseConnection,
    org: &OrgId,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<entity::Model>> {
    paged(filtered(org, filter), page)?.all(db).await.doing("list executions")
}

/// A page of what is selected, newest first.
fn paged(select: Select<entity::Entity>, page: &Page) -> Result<Select<entity::Entity>> {
    let mut select = select.order_by_desc(entity::Column::Id).limit(page.limit);
    if let Some(after) = page.cursor::<ExecutionId>()? {
        select = select.filter(entity::Column::Id.lt(after.0));
    }
    if page.skip > 0 {
        select = select.offset(page.skip);
    }
    Ok(select)
}

/// A run as lists of workflows show it: without its prompt, answer and state.
#[derive(Debug, Clone, PartialEq, FromQueryResult)]
pub struct RunOutline {
    /// Its id.
    pub id: Uuid,
    /// `AGENT` or `TEAM`.
    pub execution_type: String,
    /// Who runs it.
    pub entity_id: String,
    /// Its name when the run was accepted.
    pub entity_name: Option<String>,
    /// The queue its activities go to.
    pub worker_queue_id: Uuid,
    /// Where it stands.
    pub status: String,
    /// When a worker first took it.
    pub started_at: Option<i64>,
    /// When it ended.
    pub completed_at: Option<i64>,
}

impl From<entity::Model> for RunOutline {
    fn from(row: entity::Model) -> Self {
        Self {
            id: row.id,
            execution_type: row.execution_type,
            entity_id: row.entity_id,
            entity_name: row.entity_name,
            worker_queue_id: row.worker_queue_id,
            status: row.status,
            started_at: row.started_at,
            completed_at: row.completed_at,
        }
    }
}

/// The columns of a [`RunOutline`] alone.
fn outlined(select: Select<entity::Entity>) -> Select<entity::Entity> {
    select.select_only().columns([
        entity::Column::Id,
        entity::Column::ExecutionType,
        entity::Column::EntityId,
        entity::Column::EntityName,
        entity::Column::WorkerQueueId,
        entity::Column::Status,
        entity::Column::StartedAt,
        entity::Column::CompletedAt,
    ])
}

/// A page of runs in any of these states, or of all where none is named; newest first.
pub async fn runs_in_states(
    db: &DatabaseConnection,
    org: &OrgId,
    states: &[Status],
    page: &Page,
) -> Result<Vec<RunOutline>> {
    let mut select = of(org);
    if !states.is_empty() {
        let states = states.iter().map(|status| status.as_str());
        select = select.filter(entity::Column::Status.is_in(states));
    }
    let outlines = outlined(paged(select, page)?).into_model().all(db).await;
    outlines.doing("list executions by their states")
}

/// How many runs there are.
pub async fn execution_count(db: &DatabaseConnection, org: &OrgId, filter: &Filter) -> Result<u64> {
    filtered(org, filter).count(db).await.doing("count executions")
}

/// How the runs of a job went.
pub async fn job_counts(db: &DatabaseConnection, org: &OrgId, job: &JobId) -> Result<JobCounts> {
    let mut counts = jobs_counts(db, org, std::slice::from_ref(job)).await?;
    Ok(counts.remove(job).unwrap_or_default())
}

/// How the runs of jobs went; a job without a run is not among them.
pub async fn jobs_counts(
    db: &DatabaseConnection,
    org: &OrgId,
    jobs: &[JobId],
) -> Result<HashMap<JobId, JobCounts>> {
    if jobs.is_empty() {
        return Ok(HashMap::new());
    }
    // The organization is asked of the job, not of its runs: SQLite would read all of the
    // organization's runs to find those of one job.
    let the_job: RelationDef = entity::Entity::belongs_to(jobs::entity::Entity)
        .from(entity::Column::JobId)
        .to(jobs::entity::Column::Id)
        .into();
    let counted: Vec<(String, String, i64)> = entity::Entity::find()
        .join(JoinType::InnerJoin, the_job)
        .filter(jobs::entity::Column::OrganizationId.eq(org.as_str()))
        .filter(jobs::entity::Column::Id.is_in(jobs.iter().map(JobId::as_str)))
        .select_only()
        .column(entity::Column::JobId)
        .column(entity::Column::Status)
        .column_as(entity::Column::Id.count(), "runs")
        .group_by(entity::Column::JobId)
        .group_by(entity::Column::Status)
        .into_tuple()
        .all(db)
        .await
        .doing("count the executions of jobs")?;
    let mut all: HashMap<JobId, JobCounts> = HashMap::new();
    for (job, status, runs) in counted {
        let counts = all.entry(JobId::stored(job)).or_default();
        let runs = u64::try_from(runs).unwrap_or_default();
        counts.total += runs;
        match Status::parse(&status) {
            Some(Status::Completed) => counts.successful += runs,
            Some(Status::Failed) => counts.failed += runs,
            _ => {}
        }
    }
    let with_runs: Vec<&JobId> = all.keys().collect();
    for (job, id, at) in last_runs(db, org, &with_runs).await? {
        all.entry(JobId::stored(job)).or_default().last = Some((id, at));
    }
    Ok(all)
}

/// The newest run of each of these jobs: job, run, when it was accepted. One step in the index a
/// job; not a `max(id)`, which Postgres does not know for this type.
async fn last_runs(
    db: &DatabaseConnection,
    org: &OrgId,
    jobs: &[&JobId],
) -> Result<Vec<(String, Uuid, i64)>> {
    let newest = Query::select()
        .column(("newest", entity::Column::Id))
        .from_as(entity::Entity, "newest")
        .and_where(
            Expr::col(("newest", entity::Column::JobId))
                .equals(jobs::entity::Column::Id.as_column_ref()),
        )
        .order_by(("newest", entity::Column::Id), Order::Desc)
        .limit(1)
        .to_owned();
    let newest_of_each = Query::select()
        .expr(newest)
        .from(jobs::entity::Entity)
        .and_where(jobs::entity::Column::OrganizationId.eq(org.as_str()))
        .and_where(jobs::entity::Column::Id.is_in(jobs.iter().map(|job| job.as_str())))
        .to_owned();
    of(org)
        .filter(entity::Column::Id.in_subquery(newest_of_each))
        .select_only()
        .column(entity::Column::JobId)
        .column(entity::Column::Id)
        .column(entity::Column::CreatedAt)
        .into_tuple()
        .all(db)
        .await
        .doing("read the last executions of jobs")
}

/// A run as the list of a job's runs shows it: without its prompt, answer and state.
#[derive(Debug, Clone, PartialEq, FromQueryResult)]
pub struct JobRun {
    /// Its id.
    pub id: Uuid,
    /// Name of the agent when it was accepted.
    pub entity_name: Option<String>,
    /// `job_manual`, `job_cron` or `job_webhook`.
    pub trigger_source: String,
    /// What its trigger said.
    pub execution_metadata: Json,
    /// Where it stands.
    pub status: String,
    /// Why it did not go well.
    pub error_message: Option<String>,
    /// When it was accepted.
    pub created_at: i64,
    /// When a worker first took it.
    pub started_at: Option<i64>,
    /// When it ended.
    pub completed_at: Option<i64>,
}

/// A page of a job's runs, newest first.
pub async fn job_runs(
    db: &DatabaseConnection,
    org: &OrgId,
    job: &JobId,
    page: &Page,
) -> Result<Vec<JobRun>> {
    of(org)
        .filter(entity::Column::JobId.eq(job.as_str()))
        .select_only()
        .columns([
            entity::Column::Id,
            entity::Column::EntityName,
            entity::Column::TriggerSource,
            entity::Column::ExecutionMetadata,
            entity::Column::Status,
            entity::Column::ErrorMessage,
            entity::Column::CreatedAt,
            entity::Column::StartedAt,
            entity::Column::CompletedAt,
        ])
        .order_by_desc(entity::Column::Id)
        .offset(page.skip)
        .limit(page.limit)
        .into_model()
        .all(db)
        .await
        .doing("list the executions of a job")
}

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

/// How many runs of an organization are in each state; states without any are not there.
pub async fn runs_by_status(db: &DatabaseConnection, org: &OrgId) -> Result<Vec<(String, u64)>> {
    let counted: Vec<(String, i64)> = of(org)
        .select_only()
        .column(entity::Column::Status)
        .column_as(entity::Column::Id.count(), "runs")
        .group_by(entity::Column::Status)
        .into_tuple()
        .all(db)
        .await
        .doing("count executions by their states")?;
    let count = |(status, runs)| (status, u64::try_from(runs).unwrap_or_default());
    Ok(counted.into_iter().map(count).collect())
}

/// Runs of a queue that are not over.
pub async fn runs_open_on(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
    limit: u64,
) -> Result<Vec<ExecutionId>> {
    let open: Vec<Uuid> = of(org)
        .filter(entity::Column::Status.is_in(OPEN.map(Status::as_str)))
        .filter(on(queue.0))
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
    of(org)
        .filter(entity::Column::Status.is_in(OPEN.map(Status::as_str)))
        .filter(on(queue.0))
        .count(db)
        .await
        .doing("count the runs of a queue that are not over")
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
fn on(queue: impl Into<SimpleExpr>) -> SimpleExpr {
    let its = || Expr::col((entity::Entity, entity::Column::WorkerQueueId));
    let queue: SimpleExpr = queue.into();
    SimpleExpr::from(Func::coalesce([its(), its()])).eq(queue)
}

/// Whether the run that a column names is not over. For statements about what belongs to runs.
pub(crate) fn is_open(run: impl IntoColumnRef) -> SimpleExpr {
    use entity::{Column, Entity};
    let open = Query::select()
        .column((Entity, Column::Id))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::Id)).equals(run))
        .and_where(Expr::col((Entity, Column::Status)).is_in(OPEN.map(Status::as_str)))
        .to_owned();
    Expr::exists(open)
}

/// Says that the set needs the run not to be over; something is heard of it now.
pub fn run_stays_open(set: &mut WriteSet, org: &OrgId, id: ExecutionId, now: Timestamp) {
    use entity::{Column, Entity};
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::UpdatedAt, Expr::value(micros(now)))
            .filter(Column::Id.eq(id.0))
            .filter(Column::OrganizationId.eq(org.as_str()))
            .filter(Column::Status.is_in(OPEN.map(Status::as_str))),
    );
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
    let open = of(org).filter(Column::Status.is_in(OPEN.map(Status::as_str))).filter(on(queue.0));
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

/// A run of which nothing was heard for a while.
#[derive(Debug, Clone, PartialEq, FromQueryResult)]
pub struct SilentRun {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub organization_id: String,
    /// Its flow, which knows the foreign worker that has it.
    pub flow: String,
    /// Who has leased its step, if a worker of ours has it.
    pub lease_owner: Option<String>,
}

/// Runs whose steps are leased since before an instant and of which nothing was heard since then: of a
/// queue of an organization, or, for the plane itself, of all.
pub async fn silent_leases(
    db: &DatabaseConnection,
    queue: Option<(&OrgId, QueueId)>,
    before: Timestamp,
) -> Result<Vec<SilentRun>> {
    use activities::entity::{Column as Step, Entity as Steps};
    let run: RelationDef =
        Steps::belongs_to(entity::Entity).from(Step::ExecutionId).to(entity::Column::Id).into();
    let steps = Steps::find()
        .filter(Step::EndedAt.is_null())
        .filter(Step::State.eq("leased"))
        .filter(Step::StartedAt.lt(micros(before)))
        .apply_if(queue, |steps, (org, queue)| {
            let of_queue = Step::QueueId.eq(queue.0);
            steps.filter(of_queue).filter(Step::OrganizationId.eq(org.as_str()))
        })
        .join(JoinType::InnerJoin, run)
        .filter(nothing_since(before))
        .select_only()
        .columns([entity::Column::Id, entity::Column::OrganizationId, entity::Column::Flow])
        .column(Step::LeaseOwner);
    steps.into_model().all(db).await.doing("look for workers that say nothing")
}

/// Runs of a queue that run and of which nothing was heard since an instant, whoever has them.
pub async fn silent_runs(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
    before: Timestamp,
) -> Result<Vec<SilentRun>> {
    of(org)
        .filter(entity::Column::Status.eq(Status::Running.as_str()))
        .filter(on(queue.0))
        .filter(entity::Column::UpdatedAt.lt(micros(before)))
        .filter(nothing_since(before))
        .select_only()
        .columns([entity::Column::Id, entity::Column::OrganizationId, entity::Column::Flow])
        .column_as(Expr::val(None::<String>), "lease_owner")
        .into_model()
        .all(db)
        .await
        .doing("look for runs of which nothing is heard")
}

/// When something was last heard of a run: the last entry of its log.
pub async fn last_heard(
    db: &DatabaseConnection,
    org: &OrgId,
    id: ExecutionId,
) -> Result<Option<i64>> {
    let Some(row) = execution_get(db, org, id).await? else {
        return Ok(None);
    };
    let at: Option<i64> = event::Entity::find()
        .select_only()
        .column(event::Column::At)
        .filter(event::Column::ExecutionId.eq(id.0))
        .order_by_desc(event::Column::Seq)
        .limit(1)
        .into_tuple()
        .one(db)
        .await
        .doing("read the last entry of a log")?;
    Ok(Some(Ord::max(row.updated_at, at.unwrap_or_default())))
}

/// Whether the last entry of a run's log is older than this.
fn nothing_since(before: Timestamp) -> SimpleExpr {
    let seq = Query::select()
        .column(head::Column::LastSeq)
        .from(head::Entity)
        .and_where(
            Expr::col((head::Entity, head::Column::ExecutionId))
                .equals((entity::Entity, entity::Column::Id)),
        )
        .to_owned();
    let last = Query::select()
        .expr(Expr::val(1))
        .from(event::Entity)
        .and_where(
            Expr::col((event::Entity, event::Column::ExecutionId))
                .equals((entity::Entity, entity::Column::Id)),
        )
        .and_where(
            Expr::col((event::Entity, event::Column::Seq))
                .eq(SimpleExpr::SubQuery(None, Box::new(seq.into()))),
        )
        .and_where(Expr::col((event::Entity, event::Column::At)).lt(micros(before)))
        .to_owned();
    Expr::exists(last)
}

/// What a foreign worker has streamed of the turn that it is in. The caller has checked whose run it
/// is.
pub async fn foreign_stream(
    db: &DatabaseConnection,
    id: ExecutionId,
) -> Result<Option<foreign_stream::Model>> {
    foreign_stream::Entity::find_by_id(id.0).one(db).await.doing("read what is streamed")
}

/// The last `seq` of a run's log. The caller has checked whose run it is.
pub async fn head_get(db: &DatabaseConnection, id: ExecutionId) -> Result<i64> {
    let row = head::Entity::find_by_id(id.0).one(db).await.doing("read the head of a log")?;
    Ok(row.map_or(0, |row| row.last_seq))
}

/// The last `seq` of each of these logs.
pub async fn heads_get(
    db: &DatabaseConnection,
    ids: &[ExecutionId],
) -> Result<Vec<(ExecutionId, i64)>> {
    let rows = head::Entity::find()
        .filter(head::Column::ExecutionId.is_in(ids.iter().map(|id| id.0)))
        .all(db)
        .await
        .doing("read the heads of logs")?;
    Ok(rows.into_iter().map(|row| (ExecutionId(row.execution_id), row.last_seq)).collect())
}

/// Entries after `seq`, in order. The caller has checked whose run it is.
pub async fn event_list(
    db: &DatabaseConnection,
    id: ExecutionId,
    after: i64,
    limit: u64,
) -> Result<Vec<StoredEvent>> {
    let rows = event::Entity::find()
        .filter(event::Column::ExecutionId.eq(id.0))
        .filter(event::Column::Seq.gt(after))
        .order_by_asc(event::Column::Seq)
        .limit(limit)
        .all(db)
        .await
        .doing("read a log")?;
    rows.into_iter()
        .map(|row| {
            let kind = EventKind::from_code(row.kind)
                .ok_or_else(|| Error::fault("read a log", format!("unknown kind {}", row.kind)))?;
            let at = timestamp(row.at);
            Ok(StoredEvent { seq: row.seq, kind, data: row.data.into(), at })
        })
        .collect()
}

fn of(org: &OrgId) -> Select<entity::Entity> {
    entity::Entity::find().filter(entity::Column::OrganizationId.eq(org.as_str()))
}

fn filtered(org: &OrgId, filter: &Filter) -> Select<entity::Entity> {
    let mut select = of(org);
    if let Some(status) = filter.status {
        select = select.filter(entity::Column::Status.eq(status.as_str()));
    }
    if let Some(kind) = &filter.execution_type {
        select = select.filter(entity::Column::ExecutionType.eq(kind.as_str()));
    }
    if let Some(entity) = &filter.entity_id {
        select = select.filter(entity::Column::EntityId.eq(entity.as_str()));
    }
    if let Some(job) = &filter.job_id {
        select = select.filter(entity::Column::JobId.eq(job.as_str()));
    }
    select
}
