//! Workers in other processes: they come and go, and what they hold is known by the rows alone, since
//! the process that gave it to them may be gone.

use std::sync::Arc;

use drover_domain::workers::WorkerKind;
use drover_domain::{ActivityId, Error, ExecutionId, OrgId, QueueId, Result, WorkerId};
use drover_store::activities;
use drover_store::sea_orm::sea_query::Expr;
use drover_store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::Embedded;
use super::lease::{Leased, Which, lease_end};
use crate::news::UnderWay;
use crate::run::Run;
use crate::taker::{IN_PROCESS, Taker};

impl Embedded {
    /// Lets a worker take work from these queues: from here, or from Temporal. From now on its
    /// queues are left to it, until it is dismissed: whoever admits it puts it where it is found,
    /// and waits for nothing before that.
    pub fn admit(&self, id: WorkerId, kind: WorkerKind, queues: Vec<QueueId>) -> Arc<Taker> {
        if kind != WorkerKind::Temporal {
            let lanes = queues.iter().map(|queue| self.hub.serve_elsewhere(*queue)).collect();
            return Taker::elsewhere(id, kind, queues, lanes);
        }
        queues.iter().for_each(|queue| self.hub.serve_task_queue(*queue));
        Taker::elsewhere(id, kind, queues, Vec::new())
    }

    /// Offers a worker that was just admitted what has waited for one. What is not offered now is
    /// found by the next look.
    pub async fn offer_to(&self, taker: &Taker) -> Result<()> {
        match taker.kind {
            WorkerKind::Temporal => self.release_parked(&taker.queues).await,
            _ => self.offer_waiting_of(&taker.queues).await,
        }
    }

    /// Says that a worker that has left by now served a queue: it may have left leases there.
    pub fn was_served(&self, queue: QueueId) {
        self.hub.was_served(queue);
    }

    /// Gives a worker no more work.
    pub fn dismiss(&self, taker: &Taker) {
        if !taker.gone().is_cancelled() {
            taker.gone().cancel();
            for queue in &taker.queues {
                match taker.kind {
                    WorkerKind::Temporal => self.hub.leave_task_queue(*queue),
                    _ => self.hub.leave(*queue),
                }
            }
        }
    }

    /// Gives to others what a worker that is gone had leased.
    pub async fn release(&self, id: WorkerId, queues: &[QueueId]) -> Result<()> {
        let owner = id.to_string();
        let held = activities::queries::leased_by(self.store.reader(), queues, &owner).await?;
        self.lost(held).await?;
        // Nobody else may have served these queues, but the worker of this process may again.
        self.offer_waiting_of(queues).await
    }

    /// Those of these activities whose lease a worker has no longer.
    pub async fn lost_of(&self, taker: &Taker, held: &[ActivityId]) -> Result<Vec<ActivityId>> {
        let reader = self.store.reader();
        let rows = activities::queries::leases_held(reader, held, &taker.owner).await?;
        let kept = |id: &ActivityId| rows.iter().any(|row| row.id == id.0);
        Ok(held.iter().copied().filter(|id| !kept(id)).collect())
    }

    /// A lease that a worker has by the rows, though this process did not give it.
    ///
    /// # Errors
    /// [`Error::Stale`] if it does not have it, or not in this try.
    pub async fn leased(
        &self,
        taker: &Arc<Taker>,
        org: &OrgId,
        id: ActivityId,
        attempt: u32,
    ) -> Result<Leased> {
        let reader = self.store.reader();
        let rows = activities::queries::leases_held(reader, &[id], &taker.owner).await?;
        let row = rows.into_iter().find(|row| row.organization_id == org.as_str());
        let row = row.ok_or(Error::Stale)?;
        let which = Which::from_row(&row).filter(|which| which.attempt == attempt);
        let which = which.ok_or(Error::Stale)?;
        let run: Run = self.run(org, ExecutionId(row.execution_id)).await?;
        let stop = self.hub.begin(run.id, which.id, attempt, taker);
        self.hub.holds(UnderWay { execution: run.id, activity: which.id, attempt });
        let mut leased = Leased::new(run, which, stop, taker);
        self.read_conversation(&mut leased).await?;
        Ok(leased)
    }

    /// Gives the leases of workers elsewhere as much time as if they were taken now.
    pub(super) async fn leases_have_time(&self) -> Result<()> {
        use activities::entity::{Column, Entity};
        let queues = self.hub.ever_served();
        if queues.is_empty() {
            return Ok(());
        }
        let mut set = self.store.set();
        set.add(
            Entity::update_many()
                .col_expr(Column::LeaseUntil, Expr::value(lease_end(self.clock.now())))
                .filter(Column::EndedAt.is_null())
                .filter(Column::QueueId.is_in(queues.iter().map(|queue| queue.0)))
                .filter(Column::State.eq("leased"))
                .filter(Column::LeaseOwner.not_like(format!("{IN_PROCESS}%"))),
        );
        self.store.write(set).await
    }
}
