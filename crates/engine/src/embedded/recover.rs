//! What makes the engine go on: recovery at start, and the watch that looks once a second for
//! deadlines, lost leases and work that was left in the database. Wake-ups are only a short cut;
//! this is the net below them.

use std::time::Duration;

use drover_domain::activities::ActivityKind;
use drover_domain::executions::Event;
use drover_domain::{ActivityId, Error, ExecutionId, OrgId, Result, micros, timestamp};
use drover_store::activities;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::Embedded;
use crate::hub::Ready;
use crate::step::{Extra, step};

/// Rows looked at in one go.
const BATCH: u64 = 1000;
/// Recoveries under way at once: enough to fill a group commit.
const AT_ONCE: usize = 64;
/// How often what waits for its time is released.
const TICK: Duration = Duration::from_millis(100);
/// Ticks between two looks into the database.
const TICKS_PER_LOOK: u32 = 10;

impl Embedded {
    /// Takes up what an earlier process left: its leases are void, since the lock on the data
    /// directory says that it is gone; what waits is offered.
    pub async fn recover(&self) -> Result<()> {
        loop {
            let (reader, owner) = (self.store.reader(), &self.owner);
            let queues = self.hub.served();
            let left = activities::queries::leased_by_others(reader, &queues, owner, BATCH).await?;
            let count = left.len();
            self.lost(left).await?;
            if count < usize::try_from(BATCH).unwrap_or(usize::MAX) {
                break;
            }
        }
        self.offer_waiting().await
    }

    /// Runs until `stop`: releases what is due, ends runs that are out of time, gives the work of
    /// lost workers to others.
    pub async fn watch(&self, stop: CancellationToken) {
        let mut ticks = 0_u32;
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = interval.tick() => {}
            }
            self.hub.release_due(self.clock.now());
            ticks += 1;
            if ticks >= TICKS_PER_LOOK {
                ticks = 0;
                if let Err(error) = self.look().await {
                    let source = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(%error, source, "the engine's watch could not look");
                }
            }
        }
    }

    async fn look(&self) -> Result<()> {
        let now = micros(self.clock.now());
        let due = activities::queries::due_timers(self.store.reader(), now, BATCH).await?;
        for (org, id) in due {
            let decided = self.decide(&org, id, |run, set| {
                let now = self.clock.now();
                step(run, Event::DeadlinePassed, Extra::default(), set, now)?;
                Ok(())
            });
            decided.await?;
        }
        let queues = self.hub.served();
        let reader = self.store.reader();
        let expired = activities::queries::leases_before(reader, &queues, now, BATCH).await?;
        self.lost(expired).await?;
        self.offer_waiting().await
    }

    /// Offers what waits in the database for the local worker.
    pub(super) async fn offer_waiting(&self) -> Result<()> {
        let queues = self.hub.served();
        let waiting = activities::queries::waiting(self.store.reader(), &queues, BATCH).await?;
        for row in waiting {
            let Some(kind) = ActivityKind::parse(&row.kind) else {
                continue;
            };
            let ready = Ready { activity: ActivityId(row.id), hint: None };
            if row.not_before > micros(self.clock.now()) {
                continue;
            }
            self.hub.offer(kind, ready);
        }
        Ok(())
    }

    async fn lost(&self, rows: Vec<activities::entity::Model>) -> Result<()> {
        stream::iter(rows)
            .map(|row| self.lose(row))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    async fn lose(&self, row: activities::entity::Model) -> Result<()> {
        let (org, id) = (OrgId::new(row.organization_id), ExecutionId(row.execution_id));
        let activity = u32::try_from(row.ordinal).unwrap_or_default();
        let kind = ActivityKind::parse(&row.kind);
        let decided = self
            .decide(&org, id, |run, set| {
                let current = kind.map(|kind| (ActivityId(row.id), kind));
                let extra = Extra { current, ..Extra::default() };
                let event = Event::LeaseLost { activity };
                step(run, event, extra, set, self.clock.now())?;
                Ok(())
            })
            .await;
        match decided {
            Ok(_) => {
                let since = timestamp(row.started_at.unwrap_or_default());
                tracing::info!(execution.id = %id, %since, "a lost activity waits again");
                Ok(())
            }
            // Deleted meanwhile.
            Err(Error::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
