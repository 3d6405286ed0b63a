//! Approvals: reading, and the statements that resolve them.

use drover_domain::approvals::ApprovalStatus;
use drover_domain::identity::{Action, Identity};
use drover_domain::{ApprovalId, Doing, ExecutionId, OrgId, Page, Result};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
};

use super::entity::{ActiveModel, Column, Entity, Model};
use crate::WriteSet;
use crate::executions::queries::is_open;

/// Which requests of an organization.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state.
    pub status: Option<ApprovalStatus>,
    /// Asked by whom, in whatever case.
    pub requester_email: Option<String>,
    /// Of this run.
    pub execution: Option<ExecutionId>,
}

/// A request.
pub async fn approval_get(
    db: &DatabaseConnection,
    org: &OrgId,
    id: ApprovalId,
) -> Result<Option<Model>> {
    of(org).filter(Column::Id.eq(id.0)).one(db).await.doing("read an approval request")
}

/// A page of requests, newest first.
pub async fn approval_list(
    db: &DatabaseConnection,
    org: &OrgId,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<Model>> {
    of(org)
        .apply_if(filter.status, |query, status| query.filter(Column::Status.eq(status.as_str())))
        .apply_if(filter.requester_email.as_deref(), |query, email| {
            let stored = Func::lower(Expr::col(Column::RequesterEmail));
            query.filter(Expr::expr(stored).is_in(lower(email)))
        })
        .apply_if(filter.execution, |query, run| query.filter(Column::ExecutionId.eq(run.0)))
        .apply_if(page.cursor::<ApprovalId>()?, |query, id| query.filter(Column::Id.lt(id.0)))
        .order_by_desc(Column::Id)
        .offset(page.skip)
        .limit(page.limit)
        .all(db)
        .await
        .doing("list approval requests")
}

/// Requests that are open, of runs that are not over, and may be the caller's to decide; newest
/// first. The rule of `domain::approvals` says which of them are.
pub async fn approvals_open(
    db: &DatabaseConnection,
    caller: &Identity,
    now: i64,
    limit: u64,
) -> Result<Vec<Model>> {
    let text = Expr::expr(Func::lower(Expr::col(Column::ApproverEmails).cast_as("text")));
    let mut asked = Condition::any();
    for email in lower(&caller.email) {
        asked = asked.add(text.clone().like(holding(&email)?));
    }
    if caller.role.may(Action::Administer) {
        asked = asked.add(Column::ApproverEmails.is_null());
    }
    let by_others = Column::ByWorker.eq(true).or(Column::RequesterId.ne(caller.user_id.0));
    of(&caller.organization)
        .filter(by_others)
        .filter(Column::Status.eq(ApprovalStatus::Pending.as_str()))
        .filter(Column::ExpiresAt.gt(now))
        .filter(is_open((Entity, Column::ExecutionId)))
        .filter(asked)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(db)
        .await
        .doing("list open approval requests")
}

/// Requests whose time is over, of all organizations: asked by the plane itself.
pub async fn approvals_overdue(
    db: &DatabaseConnection,
    now: i64,
    limit: u64,
) -> Result<Vec<Model>> {
    Entity::find()
        .filter(Column::Status.eq(ApprovalStatus::Pending.as_str()))
        .filter(Column::ExpiresAt.lte(now))
        .order_by_asc(Column::ExpiresAt)
        .limit(limit)
        .all(db)
        .await
        .doing("look for overdue approval requests")
}

/// Writes how a request was resolved, if nobody else has: a decision while it is open, its end when
/// its time is over.
pub fn approval_resolve(set: &mut WriteSet, resolved: Model, now: i64) {
    let expires = resolved.status == ApprovalStatus::Expired.as_str();
    let in_time = Column::ExpiresAt.gt(now);
    set.add_guarded(
        Entity::update_many()
            .set(ActiveModel {
                status: Set(resolved.status),
                approved_by_email: Set(resolved.approved_by_email),
                approved_by_name: Set(resolved.approved_by_name),
                comment: Set(resolved.comment),
                rejection_reason: Set(resolved.rejection_reason),
                resolved_at: Set(resolved.resolved_at),
                updated_at: Set(resolved.updated_at),
                ..Default::default()
            })
            .filter(Column::Id.eq(resolved.id))
            .filter(Column::OrganizationId.eq(resolved.organization_id))
            .filter(Column::Status.eq(ApprovalStatus::Pending.as_str()))
            .filter(if expires { in_time.not() } else { in_time }),
    );
}

/// An address in lower case, as Postgres says it and as SQLite does, which changes no letters but
/// those of ASCII.
fn lower(email: &str) -> [String; 2] {
    [email.to_lowercase(), email.to_ascii_lowercase()]
}

/// What the text of a list is like that holds this address, as JSON writes it.
fn holding(email: &str) -> Result<LikeExpr> {
    let quoted = serde_json::to_string(email).doing("look for an address")?;
    let escaped = quoted.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Ok(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
}

fn of(org: &OrgId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(org.as_str()))
}
