//! What Temporal is told of a run: that it starts, that something comes next which no worker reported,
//! that it is over. Rows of the same commit; `teller` takes it from there.

use drover_domain::executions::{ExecutionFlow, Next, Phase, Status, Tell};
use drover_domain::{Doing, QueueId, Result, micros};
use drover_store::outbox::entity::Model;
use drover_store::outbox::queries::{
    PARKED, RowClaim, claim_due, claimed, is_due, is_waited_for, release,
};
use drover_store::{Notice, WriteSet};
use jiff::Timestamp;

use super::Embedded;
use crate::run::Run;
use crate::teller::{CLAIM, Telling};

impl Embedded {
    /// Tells that a run starts, once its queue has a worker that takes from Temporal.
    pub(super) fn tell_start(&self, run: &Run, set: &mut WriteSet) -> Result<()> {
        self.tell(Telling::Start, run, set)
    }

    /// Tells what somebody else than a worker has changed.
    pub(super) fn tell_change(
        &self,
        before: &ExecutionFlow,
        run: &mut Run,
        set: &mut WriteSet,
    ) -> Result<()> {
        if before.phase != Phase::Ended && run.flow.phase == Phase::Ended {
            run.tells.clear();
            self.tell(
                match (run.flow.foreign.is_some(), run.status()) {
                    // Its workflow ends by itself.
                    (true, Status::Completed) => Telling::Done,
                    (false, Status::Completed) => Telling::Steer,
                    // A foreign workflow whose worker is lost hears of no cancel.
                    (true, Status::Failed) => Telling::Terminate,
                    _ => Telling::Cancel,
                },
                run,
                set,
            )
        } else if run.flow.foreign.is_some() {
            self.tell_foreign(run, set)
        } else if run.flow.activities > before.activities {
            self.tell(Telling::Steer, run, set)
        } else {
            Ok(())
        }
    }

    /// Tells a foreign workflow what a step has left to be told.
    pub(super) fn tell_foreign(&self, run: &mut Run, set: &mut WriteSet) -> Result<()> {
        for tell in std::mem::take(&mut run.tells) {
            match tell {
                Tell::Message => self.tell(Telling::Message, run, set)?,
                Tell::Done => self.tell(Telling::Done, run, set)?,
                Tell::Cancel => self.tell(Telling::Cancel, run, set)?,
            }
        }
        Ok(())
    }

    fn tell(&self, telling: Telling, run: &Run, set: &mut WriteSet) -> Result<()> {
        if !self.tells_temporal {
            return Ok(());
        }
        let now = self.clock.now();
        let parked = telling == Telling::Start && self.hub.driver(run.queue).is_none();
        let claimed_until =
            if parked { PARKED } else { micros(now.checked_add(CLAIM).unwrap_or(now)) };
        let next = Next::of(run.id, &run.flow);
        let row = Model {
            id: self.ids.next(),
            organization_id: run.organization.to_string(),
            execution_id: run.id.0,
            queue_id: run.queue.0,
            kind: telling.as_str().to_owned(),
            payload: serde_json::to_string(&next).doing("write what comes next")?,
            claimed_until,
            created_at: micros(now),
            claim: None,
        };
        if !parked {
            set.notify(Notice::Outbox { row: Box::new(row.clone()) });
        }
        set.insert(row);
        Ok(())
    }

    /// Makes what waits for a worker of these queues due.
    pub(crate) async fn release_parked(&self, queues: &[QueueId]) -> Result<()> {
        if queues.is_empty() || !is_waited_for(self.store.reader(), queues).await? {
            return Ok(());
        }
        let mut set = self.store.set();
        release(&mut set, queues);
        self.store.write(set).await
    }

    /// Claims rows of the outbox that were due at an instant and that nobody is at, at most so many.
    pub(crate) async fn claim_due(&self, at: Timestamp, at_most: u64) -> Result<Vec<Model>> {
        let (reader, now) = (self.store.reader(), self.clock.now());
        if !is_due(reader, at).await? {
            return Ok(Vec::new());
        }
        let until = micros(now.checked_add(CLAIM).unwrap_or(now));
        let claim = RowClaim { id: self.ids.next(), until };
        let mut set = self.store.set();
        claim_due(&mut set, at, claim, at_most);
        self.store.write(set).await?;
        claimed(reader, claim).await
    }
}
