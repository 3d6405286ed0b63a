//! The outbox: what is due, and the statements that claim, park and remove rows. It crosses tenants on
//! purpose: the plane tells for all of them.

use drover_domain::executions::Status;
use drover_domain::{Doing, QueueId, Result, micros};
use jiff::Timestamp;
use sea_orm::sea_query::{
    CommonTableExpression, Expr, ExprTrait, LockBehavior, LockType, Order, Query, SimpleExpr,
    WithClause,
};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::entity::{Column, Entity, Model};
use crate::{WriteSet, executions};

/// `claimed_until` of a row that waits for a worker of its queue.
pub const PARKED: i64 = i64::MAX;

/// Rows that are somebody's for a while.
#[derive(Debug, Clone, Copy)]
pub struct RowClaim {
    /// Which claim.
    pub id: Uuid,
    /// When it runs out, in microseconds by the database's clock.
    pub until: i64,
}

/// Whether there are rows that nobody is at.
pub async fn is_due(db: &DatabaseConnection, now: Timestamp) -> Result<bool> {
    any(db, Column::ClaimedUntil.lte(micros(now))).await
}

/// Claims rows that were due at an instant and that nobody is at, the longest due first. What others are
/// claiming at the same moment is passed over, not waited for.
pub fn claim_due(set: &mut WriteSet, at: Timestamp, claim: RowClaim, limit: u64) {
    let due = Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::ClaimedUntil.lte(micros(at)))
        .order_by(Column::ClaimedUntil, Order::Asc)
        .order_by(Column::Id, Order::Asc)
        .limit(limit)
        // SQLite has one writer and needs no such words; SeaQuery leaves them out there.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .to_owned();
    // By a name, so that it runs once: Postgres may run a mere subquery again for every row that it
    // looks at, and each time it would lock others.
    let name = "due";
    let once = CommonTableExpression::new().table_name(name).query(due).to_owned();
    let ids = Query::select().column(Column::Id).from(name).to_owned();
    let mut claimed = Entity::update_many()
        .col_expr(Column::Claim, Expr::value(claim.id))
        .col_expr(Column::ClaimedUntil, Expr::value(claim.until))
        .filter(Column::Id.in_subquery(ids));
    QueryTrait::query(&mut claimed).with_cte(WithClause::new().cte(once).to_owned());
    set.add(claimed);
}

/// The rows of a claim, in the order of their ids.
pub async fn claimed(db: &DatabaseConnection, claim: RowClaim) -> Result<Vec<Model>> {
    Entity::find()
        .filter(Column::ClaimedUntil.eq(claim.until))
        .filter(Column::Claim.eq(claim.id))
        .order_by_asc(Column::Id)
        .all(db)
        .await
        .doing("look into the outbox")
}

/// Whether rows wait for a worker of these queues.
pub async fn is_waited_for(db: &DatabaseConnection, queues: &[QueueId]) -> Result<bool> {
    any(db, parked(queues)).await
}

/// Keeps a row until some time, if nobody has claimed it since it was read.
pub fn keep(set: &mut WriteSet, row: &Model, until: i64) {
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::ClaimedUntil, Expr::value(until))
            .filter(Column::Id.eq(row.id))
            .filter(Column::ClaimedUntil.eq(row.claimed_until)),
    );
}

/// Makes what waits for a worker of these queues due.
pub fn release(set: &mut WriteSet, queues: &[QueueId]) {
    set.add(
        Entity::update_many()
            .col_expr(Column::ClaimedUntil, Expr::value(0_i64))
            .filter(parked(queues)),
    );
}

/// Removes a row that was told.
pub fn told(set: &mut WriteSet, row: &Model) {
    set.add(Entity::delete_by_id(row.id));
}

/// Removes what waits for a worker though its run is over: another kind of worker has executed it.
pub fn forget_ended(set: &mut WriteSet) {
    use executions::entity::Column as Run;
    let ended = Status::ALL.into_iter().filter(|status| status.is_terminal());
    let ended = Query::select()
        .column(Run::Id)
        .from(executions::entity::Entity)
        .and_where(Run::Status.is_in(ended.map(Status::as_str)))
        .and_where(
            Expr::col((executions::entity::Entity, Run::Id)).equals((Entity, Column::ExecutionId)),
        )
        .to_owned();
    set.add(
        Entity::delete_many()
            .filter(Column::ClaimedUntil.eq(PARKED))
            .filter(Column::ExecutionId.in_subquery(ended)),
    );
}

async fn any(db: &DatabaseConnection, which: SimpleExpr) -> Result<bool> {
    let one = Entity::find().filter(which).limit(1).one(db).await;
    Ok(one.doing("look into the outbox")?.is_some())
}

fn parked(queues: &[QueueId]) -> SimpleExpr {
    Column::ClaimedUntil.eq(PARKED).and(Column::QueueId.is_in(queues.iter().map(|queue| queue.0)))
}
