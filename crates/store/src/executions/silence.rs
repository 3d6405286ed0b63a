//! Of which runs nothing is heard.

use drover_domain::executions::Status;
use drover_domain::{Doing, ExecutionId, OrgId, QueueId, Result, micros};
use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, FromQueryResult, JoinType, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, RelationDef,
};
use uuid::Uuid;

use super::on_queue::on;
use super::queries::{execution_get, of};
use super::{entity, event, head};
use crate::activities;

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
