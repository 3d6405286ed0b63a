//! What makes the engine go on: recovery at start, and the watch that looks once a second for
//! deadlines, lost leases and work that was left in the database. Wake-ups are only a short cut;
//! this is the net below them.

use std::time::Duration;

use drover_domain::activities::ActivityKind;
use drover_domain::executions::Event;
use drover_domain::{ActivityId, Error, ExecutionId, OrgId, QueueId, Result, micros, timestamp};
use drover_store::{WriteSet, activities, executions};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Embedded;
use crate::hub::lock;
use crate::lanes::Ready;
use crate::run::Run;
use crate::step::{Extra, step, stop_activity};
use crate::taker::IN_PROCESS;

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
    /// directory says that it is gone; those of workers elsewhere get the time that they could not
    /// renew them; what waits is offered. A replica leaves all leases alone: each is its owner's until
    /// it runs out.
    pub async fn recover(&self) -> Result<()> {
        if !self.store.is_shared() {
            self.void_leases().await?;
        }
        if self.store.was_free() {
            self.leases_have_time().await?;
        }
        self.offer_waiting().await
    }

    async fn void_leases(&self) -> Result<()> {
        loop {
            let (reader, us) = (self.store.reader(), &self.in_process.owner);
            let queues = self.hub.ever_served();
            let left =
                activities::queries::leased_by_others(reader, &queues, IN_PROCESS, us, BATCH)
                    .await?;
            let count = left.len();
            self.lost(left).await?;
            if count < usize::try_from(BATCH).unwrap_or(usize::MAX) {
                return Ok(());
            }
        }
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
            let heard = executions::silence::last_heard(self.store.reader(), &org, id).await?;
            let decided = self.decide(&org, id, |run, set| {
                let now = self.clock.now();
                let silence = heard.map(|heard| now.duration_since(timestamp(heard)));
                let silence = silence.filter(|silence| *silence >= self.stuck_after);
                step(run, Event::DeadlinePassed { silence }, Extra::default(), set, now)?;
                Ok(())
            });
            decided.await?;
        }
        let queues = self.hub.ever_served();
        let reader = self.store.reader();
        let expired = activities::queries::leases_before(reader, &queues, now, BATCH).await?;
        self.lost(expired).await?;
        self.offer_waiting().await
    }

    /// Offers what waits in the database: the next page of it, from the start again after the last.
    pub(super) async fn offer_waiting(&self) -> Result<()> {
        let after = *lock(&self.looked_at);
        let (queues, reader) = (self.hub.served(), self.store.reader());
        let waiting = activities::queries::waiting(reader, &queues, after, BATCH).await?;
        let whole = u64::try_from(waiting.len()).is_ok_and(|count| count == BATCH);
        let last = waiting.last().map(|row| (QueueId(row.queue_id), ActivityId(row.id)));
        *lock(&self.looked_at) = last.filter(|_| whole);
        self.offer_rows(waiting);
        Ok(())
    }

    /// Offers what waits longest on these queues.
    pub(super) async fn offer_waiting_of(&self, queues: &[QueueId]) -> Result<()> {
        let reader = self.store.reader();
        let waiting = activities::queries::waiting(reader, queues, None, BATCH).await?;
        self.offer_rows(waiting);
        Ok(())
    }

    fn offer_rows(&self, mut waiting: Vec<activities::entity::Model>) {
        let now = micros(self.clock.now());
        if self.store.is_shared() {
            self.order_apart(&mut waiting);
        }
        for row in waiting.into_iter().filter(|row| row.not_before <= now) {
            if let Some(kind) = ActivityKind::parse(&row.kind) {
                let (queue, activity) = (QueueId(row.queue_id), ActivityId(row.id));
                self.hub.offer(kind, Ready { queue, activity, hint: None });
            }
        }
    }

    pub(super) async fn lost(&self, rows: Vec<activities::entity::Model>) -> Result<()> {
        stream::iter(rows)
            .map(|row| self.lose(row))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    /// Gives an activity to others if its lease still is the one of this row: others may have seen the
    /// same, or its owner may have been heard after all.
    pub(super) async fn lose(&self, row: activities::entity::Model) -> Result<()> {
        let (org, id) = (OrgId::new(row.organization_id.clone()), ExecutionId(row.execution_id));
        for _ in 0..super::CONFLICTS {
            let mut run = match self.run(&org, id).await {
                // Deleted meanwhile.
                Err(Error::NotFound(_)) => return Ok(()),
                run => run?,
            };
            let mut set = self.store.set();
            activities::queries::lease_stays(&mut set, &row);
            let before = run.flow.clone();
            if !lost(&mut run, &row, &mut set, self.clock.now())? {
                return Ok(());
            }
            self.tell_change(&before, &mut run, &mut set)?;
            match self.store.write(set).await {
                Err(Error::Stale) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    let since = timestamp(row.started_at.unwrap_or_default());
                    tracing::info!(execution.id = %id, %since, "a lost activity waits again");
                    return Ok(());
                }
            }
            let now = activities::queries::activity_by_id(self.store.reader(), ActivityId(row.id));
            if now.await?.is_none_or(|now| !now.has_lease_of(&row)) {
                return Ok(());
            }
        }
        Err(Error::fault("take back a lease", "its run changed on every try"))
    }
}

/// Takes up an activity that waits or is leased, in rows that come from another plane, where no
/// engine runs: a lease is void, and what its run does not wait for ends. Returns whether a lease
/// was.
///
/// # Errors
/// A fault if the run's state cannot be read.
pub fn take_up(
    run: &executions::entity::Model,
    activity: &activities::entity::Model,
    set: &mut WriteSet,
    now: Timestamp,
) -> Result<bool> {
    let mut run = Run::from_row(run)?;
    let leased = activity.state == "leased";
    let ordinal = u32::try_from(activity.ordinal).unwrap_or_default();
    let taken_up =
        if leased { lost(&mut run, activity, set, now)? } else { run.flow.owns(ordinal) };
    if !taken_up {
        stop_activity(&run, set, ordinal, now);
    }
    Ok(leased)
}

/// Steps a run whose activity has lost its worker. Returns whether the run had waited for it.
fn lost(
    run: &mut Run,
    activity: &activities::entity::Model,
    set: &mut WriteSet,
    now: Timestamp,
) -> Result<bool> {
    let kind = ActivityKind::parse(&activity.kind);
    let current = kind.map(|kind| (ActivityId(activity.id), kind));
    let extra = Extra { current, ..Extra::default() };
    let ordinal = u32::try_from(activity.ordinal).unwrap_or_default();
    step(run, Event::LeaseLost { activity: ordinal }, extra, set, now)
}
