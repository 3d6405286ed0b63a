//! Runs whose foreign worker is gone. Where it has left in good order, their workflows go on with
//! another one of the queue, if there is one or once there is: until one of them is heard again they
//! are `queued`. Where it is not heard any more they fail, and their workflows are terminated: Temporal
//! would wait for half an hour before it gave their step to another.

use drover_domain::executions::foreign::Report;
use drover_domain::executions::{Event, Status};
use drover_domain::{Error, ExecutionId, OrgId, QueueId, Result, WorkerId};
use drover_store::WriteSet;
use drover_store::executions::{self, on_queue};
use jiff::Timestamp;

use super::Embedded;
use crate::run::Run;
use crate::step::{Extra, step};

/// What a run says whose worker and workflow stayed where it came from.
const STAYED: &str = "It was in the hands of a worker of the plane that it was moved from";

/// Ends a run that a foreign worker of another plane has, in rows that come from there. One that waits
/// for a person goes on here: with what the person says, in a workflow of its own. Returns whether it
/// was ended.
///
/// # Errors
/// A fault if the run's state cannot be read.
pub fn leave_foreign(
    run: &executions::entity::Model,
    set: &mut WriteSet,
    now: Timestamp,
) -> Result<bool> {
    let mut run = Run::from_row(run)?;
    let Some(foreign) = &run.flow.foreign else {
        return Ok(false);
    };
    if run.flow.status == Status::WaitingForInput && !foreign.told {
        return Ok(false);
    }
    step(&mut run, Event::Abandoned { reason: STAYED.to_owned() }, Extra::default(), set, now)
}

impl Embedded {
    /// Takes note that a foreign worker has left a queue, or is lost. The hub does not have it any
    /// more. Doing it twice is doing it once: one run that fails to take note does not keep the
    /// others from it, and whoever asked asks again.
    ///
    /// # Errors
    /// Those of one of its runs.
    pub async fn foreign_gone(
        &self,
        org: &OrgId,
        queue: QueueId,
        worker: WorkerId,
        how: Report,
    ) -> Result<()> {
        // Where no other is left, it is that one that had the runs of which nobody said who has them.
        // Workers of ours on the same queue have nothing to do with it.
        let is_last = !self.hub.has_foreign(queue);
        let mut noted = Ok(());
        for row in on_queue::runs_under_way(self.store.reader(), org, queue).await? {
            let foreign = match Run::from_row(&row) {
                Ok(run) => run.flow.foreign,
                Err(error) => {
                    noted = Err(error);
                    continue;
                }
            };
            let its = match foreign.map(|foreign| foreign.worker) {
                Some(Some(whose)) => whose == worker,
                Some(None) => is_last,
                // One of ours.
                None => false,
            };
            if !its {
                continue;
            }
            let decided = self.decide(org, ExecutionId(row.id), |run, set| {
                let event = Event::Foreign(how.clone());
                step(run, event, Extra::default(), set, self.clock.now()).map(drop)
            });
            match decided.await {
                // Deleted meanwhile.
                Ok(_) | Err(Error::NotFound(_)) => {}
                Err(error) => noted = Err(error),
            }
        }
        // What waits there may be for the worker of this process again.
        self.offer_waiting_of(&[queue]).await?;
        noted
    }
}
