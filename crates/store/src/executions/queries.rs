//! Reads of runs and their logs.

use std::collections::HashMap;

use drover_domain::executions::{EventKind, Status, StoredEvent};
use drover_domain::{Doing, Error, ExecutionId, JobId, OrgId, Page, QueueId, Result, timestamp};
use sea_orm::entity::prelude::Json;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, FromQueryResult, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, RelationDef, Select,
};
use uuid::Uuid;

use super::{entity, event, foreign_stream, head};
use crate::jobs;

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

/// Whose a run is. For the plane itself, which hears of runs from Temporal by their ids alone.
pub async fn organization_of(db: &DatabaseConnection, id: ExecutionId) -> Result<Option<OrgId>> {
    let organization: Option<String> = entity::Entity::find_by_id(id.0)
        .select_only()
        .column(entity::Column::OrganizationId)
        .into_tuple()
        .one(db)
        .await
        .doing("read whose an execution is")?;
    Ok(organization.map(OrgId::new))
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
    if let Some(after) = &page.after {
        let after: ExecutionId = after.parse().map_err(|_| {
            Error::Invalid(vec![drover_domain::Violation::query(
                "cursor",
                "value_error",
                "Cursor should be one that the server gave out",
            )])
        })?;
        select = select.filter(entity::Column::Id.lt(after.0));
    }
    if page.skip > 0 {
        select = select.offset(page.skip);
    }
    Ok(select)
}

/// A page of runs in any of these states, or of all where none is named; newest first.
pub async fn runs_in_states(
    db: &DatabaseConnection,
    org: &OrgId,
    states: &[Status],
    page: &Page,
) -> Result<Vec<entity::Model>> {
    let mut select = of(org);
    if !states.is_empty() {
        let states = states.iter().map(|status| status.as_str());
        select = select.filter(entity::Column::Status.is_in(states));
    }
    paged(select, page)?.all(db).await.doing("list executions by their states")
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
        .filter(entity::Column::WorkerQueueId.eq(queue.0))
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
    let mut select = of(org).filter(entity::Column::WorkerQueueId.eq(queue.0));
    if let Some(status) = status {
        select = select.filter(entity::Column::Status.eq(status.as_str()));
    }
    select
        .order_by_desc(entity::Column::Id)
        .limit(limit)
        .all(db)
        .await
        .doing("list the runs of a queue")
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
