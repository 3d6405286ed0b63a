//! Reads of runs, and the guard of what only a run that is not over takes.

use std::collections::HashMap;

use drover_domain::executions::Status;
use drover_domain::{Doing, ExecutionId, JobId, OrgId, Page, Result, micros};
use jiff::Timestamp;
use sea_orm::entity::prelude::Json;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Order, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, FromQueryResult, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, RelationDef, Select,
};
use uuid::Uuid;

use super::entity;
use crate::{WriteSet, jobs};

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
pub(super) const OPEN: [Status; 5] =
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
pub(super) fn outlined(select: Select<entity::Entity>) -> Select<entity::Entity> {
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

pub(super) fn of(org: &OrgId) -> Select<entity::Entity> {
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
