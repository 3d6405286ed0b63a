//! Runs that nobody will execute any more, since their queue is gone or has lost its last worker for
//! good: they end, and say why.

use drover_domain::executions::Event;
use drover_domain::{Error, ExecutionId, OrgId, QueueId, Result};
use drover_store::{activities, executions};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Embedded;
use crate::step::{Extra, step};

/// Runs looked at in one go.
const BATCH: u64 = 1000;
/// Runs that end at once: enough to fill a group commit.
const AT_ONCE: usize = 64;
/// What a run says that was accepted while its queue was being deleted.
const DELETED: &str = "Its worker queue was deleted";

impl Embedded {
    /// Ends the runs of a queue that are not over.
    pub async fn abandon_queue(&self, org: &OrgId, queue: QueueId, reason: &str) -> Result<()> {
        loop {
            let reader = self.store.reader();
            let open = executions::on_queue::runs_open_on(reader, org, queue, BATCH).await?;
            let whole = u64::try_from(open.len()).is_ok_and(|count| count == BATCH);
            let all = open.into_iter().map(|id| (org.clone(), id)).collect();
            self.abandon_all(all, reason).await?;
            if !whole {
                return Ok(());
            }
        }
    }

    /// Ends runs whose queue is not there. Deleting one looks for runs that are not over, but a run may
    /// be under way to it at the same time: its accept asks a memory, and not the row, for the queue.
    pub async fn abandon_stray(&self) -> Result<()> {
        let stray = activities::queries::waiting_nowhere(self.store.reader(), BATCH).await?;
        self.abandon_all(stray, DELETED).await
    }

    async fn abandon_all(&self, runs: Vec<(OrgId, ExecutionId)>, reason: &str) -> Result<()> {
        stream::iter(runs)
            .map(|(org, id)| async move { self.abandon_run(&org, id, reason).await })
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    async fn abandon_run(&self, org: &OrgId, id: ExecutionId, reason: &str) -> Result<()> {
        let decided = self.decide(org, id, |run, set| {
            let event = Event::Abandoned { reason: reason.to_owned() };
            step(run, event, Extra::default(), set, self.clock.now()).map(drop)
        });
        match decided.await {
            // Deleted meanwhile.
            Err(Error::NotFound(_)) => Ok(()),
            decided => decided.map(drop),
        }
    }
}
