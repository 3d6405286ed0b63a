//! What must hold between rows that came in, and no row can tell by itself. The engine works on all
//! organizations in one go: what it stumbles over in one would hold up the others.

use drover_domain::executions::Status;
use drover_domain::{Doing, Error, OrgId, Result};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

/// Every run has a log, without a gap and up to where its head says.
pub(super) async fn logs(db: &DatabaseTransaction, org: &OrgId) -> Result<()> {
    let seq = || Expr::col(("execution_events", "seq"));
    let entries = |what: Expr| -> Expr {
        let entries = Query::select()
            .expr(what)
            .from("execution_events")
            .and_where(Expr::col(("execution_events", "execution_id")).equals(("executions", "id")))
            .to_owned();
        entries.into()
    };
    let last = || Expr::col(("execution_heads", "last_seq"));
    let gapless = entries(seq().max().sub(seq().min()).add(1).sub(seq().count()));
    let wrong = last()
        .is_null()
        .or(last().ne(Func::coalesce([entries(seq().max()), last()])))
        .or(gapless.ne(0));
    let runs = runs_of(org)
        .join(
            JoinType::LeftJoin,
            "execution_heads",
            Expr::col(("execution_heads", "execution_id")).equals(("executions", "id")),
        )
        .and_where(wrong)
        .take();
    refuse(db, runs, "has a log with a gap, or none").await
}

/// Only a run whose time runs has a wake-up.
pub(super) async fn timers(db: &DatabaseTransaction, org: &OrgId) -> Result<()> {
    let without = Status::ALL.into_iter().filter(|status| {
        status.is_terminal() || matches!(status, Status::Pending | Status::WaitingForInput)
    });
    let runs = runs_of(org)
        .join(
            JoinType::InnerJoin,
            "timers",
            Expr::col(("timers", "execution_id")).equals(("executions", "id")),
        )
        .and_where(Expr::col(("executions", "status")).is_in(without.map(Status::as_str)))
        .take();
    refuse(db, runs, "has a wake-up that does not fit its status").await
}

/// A queue may have been deleted, but not under a run that is not over: nobody would execute it.
pub(super) async fn queues(db: &DatabaseTransaction, org: &OrgId) -> Result<()> {
    let is_there = |of: (&'static str, &'static str)| {
        let queue = Query::select()
            .expr(Expr::val(1))
            .from("worker_queues")
            .and_where(Expr::col(("worker_queues", "id")).equals(of))
            .to_owned();
        Expr::exists(queue)
    };
    let over = Status::ALL.into_iter().filter(|status| status.is_terminal());
    let runs = runs_of(org)
        .and_where(Expr::col(("executions", "status")).is_not_in(over.map(Status::as_str)))
        .and_where(is_there(("executions", "worker_queue_id")).not())
        .take();
    refuse(db, runs, "is not over, and its worker queue is not there").await?;
    let steps = Query::select()
        .expr_as(Expr::val(1), Alias::new("wrong"))
        .from("activities")
        .and_where(Expr::col(("activities", "organization_id")).eq(org.as_str()))
        .and_where(Expr::col(("activities", "ended_at")).is_null())
        .and_where(is_there(("activities", "queue_id")).not())
        .limit(1)
        .to_owned();
    refuse(db, steps, "has a step for a worker queue that is not there").await
}

fn runs_of(org: &OrgId) -> SelectStatement {
    Query::select()
        .expr_as(Expr::val(1), Alias::new("wrong"))
        .from("executions")
        .and_where(Expr::col(("executions", "organization_id")).eq(org.as_str()))
        .limit(1)
        .to_owned()
}

async fn refuse(db: &DatabaseTransaction, wrong: SelectStatement, fault: &str) -> Result<()> {
    let found = db.query_one(&wrong).await.doing("check what came in")?;
    match found {
        Some(_) => Err(Error::refused(format!("a run {fault}"))),
        None => Ok(()),
    }
}
