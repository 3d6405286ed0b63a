//! Taking work: what is ready is offered, an offer becomes a lease by a guarded write.

use std::sync::Arc;
use std::time::Duration;

use drover_domain::activities::{ActivityKind, ProcessRecord};
use drover_domain::executions::{Event, Next, Step};
use drover_domain::messages::{Body, Message, ToolCallRequest};
use drover_domain::workers::LEASE;
use drover_domain::{ActivityId, Error, ExecutionId, OrgId, QueueId, Result, micros};
use drover_store::sea_orm::sea_query::Expr;
use drover_store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use drover_store::{WriteSet, activities, messages};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Embedded;
use crate::lanes::{self, Lanes, Ready, Taken};
use crate::news::UnderWay;
use crate::run::Run;
use crate::step::{Extra, as_i32, step};
use crate::taker::Taker;

/// The wait before an activity is asked for again that another worker has.
const LOOK_AGAIN_MS: i64 = 1000;

/// Microseconds before the end of a lease in which whoever asks for its activity is let wait for it.
const ABOUT_TO_END: i64 = 1_000_000;

/// Something that may be leased.
pub struct Offer {
    kind: ActivityKind,
    ready: Ready,
    /// Where it was taken from, if it waited here.
    from: Option<Arc<Lanes>>,
    taker: Arc<Taker>,
}

/// Which activity, without its run.
#[derive(Debug, Clone)]
pub(super) struct Which {
    pub id: ActivityId,
    pub ordinal: u32,
    pub kind: ActivityKind,
    pub turn: u32,
    pub call: u16,
    pub attempt: u32,
    pub process: Option<ProcessRecord>,
}

/// What the accept hands to the lease within one process, so that nothing is read again.
pub(super) struct Hint {
    pub run: Run,
    pub which: Which,
    pub messages: Vec<Message>,
}

/// A leased activity. Ends with `complete`; dropped without, its lease runs out.
pub struct Leased {
    /// The run, as it was when the lease was taken.
    pub run: Run,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The calls the turn asked for, for tools.
    pub calls: Vec<ToolCallRequest>,
    /// Ends when the activity must stop.
    pub stop: CancellationToken,
    /// Kind of the activity.
    pub kind: ActivityKind,
    /// The turn it belongs to.
    pub turn: u32,
    /// Which call of the turn, for tools.
    pub call: u16,
    /// 1 for the first try.
    pub attempt: u32,
    /// A process of an earlier try.
    pub process: Option<ProcessRecord>,
    /// Its id.
    pub id: ActivityId,
    /// Its ordinal in the run.
    pub ordinal: u32,
    /// Whose lease it is.
    pub(crate) taker: Arc<Taker>,
}

impl Which {
    pub fn first(id: ActivityId, ordinal: u32) -> Self {
        let kind = ActivityKind::Turn;
        Self { id, ordinal, kind, turn: 1, call: 0, attempt: 0, process: None }
    }

    pub fn from_row(row: &activities::entity::Model) -> Option<Self> {
        Some(Self {
            id: ActivityId(row.id),
            ordinal: u32::try_from(row.ordinal).ok()?,
            kind: ActivityKind::parse(&row.kind)?,
            turn: u32::try_from(row.turn).ok()?,
            call: u16::try_from(row.call).ok()?,
            attempt: u32::try_from(row.attempt).ok()?,
            process: row.process.as_deref().and_then(parse_process),
        })
    }
}

impl Embedded {
    /// Waits for something to do, and offers up to `at_most` of it. Cancel-safe: what was not
    /// returned stays offered.
    pub async fn poll(&self, taker: &Arc<Taker>, kind: ActivityKind, at_most: usize) -> Vec<Offer> {
        let _wanting = lanes::want(&taker.lanes, kind);
        self.look_for(taker, kind).await;
        let taken = lanes::next(&taker.lanes, kind, at_most).await;
        for queue in taken.iter().filter(|taken| taken.refill).map(|taken| taken.ready.queue) {
            // A failure is made good by the next look of the watch.
            if let Err(error) = self.offer_waiting_of(&[queue]).await {
                tracing::warn!(%error, "cannot read what waits");
            }
        }
        let offer = |Taken { ready, from, .. }| Offer {
            kind,
            ready,
            from: Some(from),
            taker: taker.clone(),
        };
        taken.into_iter().map(offer).collect()
    }

    /// Makes an offer a lease; `None` if it is no longer to be had.
    pub async fn lease(&self, offer: Offer) -> Result<Option<Leased>> {
        let Offer { kind, ready, from, taker } = offer;
        let leased = self.take(&ready, &taker).await;
        if let Some(from) = from {
            from.settled(kind, ready.activity);
        }
        leased
    }

    /// An activity that a worker was given by Temporal, and its run; `None` if there is no such one on
    /// the worker's queues.
    pub async fn given(
        &self,
        taker: &Arc<Taker>,
        org: &OrgId,
        activity: ActivityId,
    ) -> Result<Option<(Offer, ExecutionId)>> {
        let row = self.known_to(taker, org, activity).await?;
        let left = row.as_ref().and_then(|row| self.lease_left(row));
        if let (Some(row), Some(left)) = (&row, left.filter(|left| *left <= ABOUT_TO_END)) {
            // Temporal has missed its worker a moment before the lease ends, or before the watch.
            tokio::time::sleep(Duration::from_micros(left.unsigned_abs())).await;
            self.lose(row.clone()).await?;
        }
        Ok(row.and_then(|row| {
            let kind = ActivityKind::parse(&row.kind)?;
            let ready = Ready { queue: QueueId(row.queue_id), activity, hint: None };
            let offer = Offer { kind, ready, from: None, taker: taker.clone() };
            Some((offer, ExecutionId(row.execution_id)))
        }))
    }

    /// The run of an activity on the worker's queues; `None` if there is no such one.
    pub async fn run_of(
        &self,
        taker: &Taker,
        org: &OrgId,
        activity: ActivityId,
    ) -> Result<Option<ExecutionId>> {
        let row = self.known_to(taker, org, activity).await?;
        Ok(row.map(|row| ExecutionId(row.execution_id)))
    }

    /// An activity, if it is on the worker's queues.
    async fn known_to(
        &self,
        taker: &Taker,
        org: &OrgId,
        activity: ActivityId,
    ) -> Result<Option<activities::entity::Model>> {
        let row = activities::queries::activity_by_id(self.store.reader(), activity).await?;
        Ok(row.filter(|row| {
            row.organization_id == org.as_str() && taker.queues.contains(&QueueId(row.queue_id))
        }))
    }

    /// What comes next in a run after this activity, for whatever drives it.
    pub async fn next(&self, org: &OrgId, id: ExecutionId, after: ActivityId) -> Result<Next> {
        let next = match self.run(org, id).await {
            Ok(run) => Next::of(id, &run.flow),
            // Deleted meanwhile.
            Err(Error::NotFound(_)) => Next::End,
            Err(error) => return Err(error),
        };
        let Next::Execute(Step { activity, .. }) = next else {
            return Ok(next);
        };
        if activity != after {
            return Ok(next);
        }
        // The same once more: another worker has it, or it failed and its time has not come.
        let row = activities::queries::activity_by_id(self.store.reader(), activity).await?;
        let wait = match row {
            Some(row) if row.state == "queued" => {
                (row.not_before - micros(self.clock.now())).max(0) / 1000
            }
            // If its worker is lost, it is to be had as soon as the lease has run out.
            Some(row) => {
                let left = self.lease_left(&row).map_or(LOOK_AGAIN_MS, |left| left / 1000 + 1);
                left.min(LOOK_AGAIN_MS)
            }
            None => LOOK_AGAIN_MS,
        };
        Ok(next.after(u64::try_from(wait).unwrap_or_default()))
    }

    /// The run that a try of an activity is leased for.
    ///
    /// # Errors
    /// [`Error::Stale`] if it is not leased any more, or in another try.
    pub async fn run_of_lease(&self, org: &OrgId, id: ActivityId, attempt: u32) -> Result<Run> {
        let row = activities::queries::activity_by_id(self.store.reader(), id).await?;
        let row = row.filter(|row| {
            row.organization_id == org.as_str()
                && row.attempt == as_i32(attempt)
                && self.lease_left(row).is_some_and(|left| left > 0)
        });
        self.run(org, ExecutionId(row.ok_or(Error::Stale)?.execution_id)).await
    }

    /// Microseconds until a lease runs out, 0 if it has; `None` if there is none.
    fn lease_left(&self, row: &activities::entity::Model) -> Option<i64> {
        let until = row.lease_until.filter(|_| row.state == "leased")?;
        Some((until - micros(self.clock.now())).max(0))
    }

    async fn take(&self, ready: &Ready, taker: &Arc<Taker>) -> Result<Option<Leased>> {
        // It was offered here before the queue was paused: it waits until that is over.
        if Arc::ptr_eq(taker, &self.in_process) && !self.hub.serves_here(ready.queue) {
            return Ok(None);
        }
        let hint = ready.hint.clone().and_then(|hint| Arc::downcast::<Hint>(hint).ok());
        if let Some(hint) = hint {
            match self.try_take(hint.run.clone(), hint.which.clone(), taker).await {
                Err(Error::Stale) => {}
                Err(error) => return Err(error),
                Ok(mut leased) => {
                    leased.messages = hint.messages.clone();
                    return Ok(Some(leased));
                }
            }
        }
        let _turn = self.turn().await;
        for _ in 0..super::CONFLICTS {
            let Some((run, which)) = self.waiting(ready.activity).await? else {
                return Ok(None);
            };
            match self.try_take(run, which, taker).await {
                Err(Error::Stale) => {}
                Err(error) => return Err(error),
                Ok(mut leased) => {
                    self.read_conversation(&mut leased).await?;
                    return Ok(Some(leased));
                }
            }
        }
        Err(Error::fault("lease an activity", "it changed on every try"))
    }

    pub(super) async fn read_conversation(&self, leased: &mut Leased) -> Result<()> {
        let (org, id) = (&leased.run.organization, leased.run.id);
        leased.messages = messages::queries::conversation(self.store.reader(), org, id).await?;
        if leased.kind == ActivityKind::Tool {
            let asked = leased.messages.iter().rev().find_map(|message| match &message.body {
                Body::Assistant { tool_calls, .. } if !tool_calls.is_empty() => Some(tool_calls),
                _ => None,
            });
            leased.calls = asked.cloned().unwrap_or_default();
        }
        Ok(())
    }

    /// The activity with its run, if it still waits.
    async fn waiting(&self, id: ActivityId) -> Result<Option<(Run, Which)>> {
        let row = activities::queries::activity_by_id(self.store.reader(), id).await?;
        let Some(row) = row.filter(|row| row.state == "queued") else {
            return Ok(None);
        };
        let org = OrgId::new(row.organization_id.clone());
        let run = self.run(&org, ExecutionId(row.execution_id)).await?;
        Ok(Which::from_row(&row).map(|which| (run, which)))
    }

    async fn try_take(&self, mut run: Run, which: Which, taker: &Arc<Taker>) -> Result<Leased> {
        let now = self.clock.now();
        let mut set = self.store.set();
        take_row(&mut set, &which, &taker.owner, now);
        let event = Event::Leased { activity: which.ordinal };
        step(&mut run, event, Extra::default(), &mut set, now)?;
        // Before the write: a cancel that comes right after it must find the token.
        let attempt = which.attempt + 1;
        let stop = self.hub.begin(run.id, which.id, attempt, taker);
        if let Err(error) = self.store.write(set).await {
            self.hub.ended(run.id, which.id, attempt);
            return Err(error);
        }
        self.hub.holds(UnderWay { execution: run.id, activity: which.id, attempt });
        Ok(Leased::new(run, Which { attempt, ..which }, stop, taker))
    }
}

impl Leased {
    pub(super) fn new(run: Run, which: Which, stop: CancellationToken, taker: &Arc<Taker>) -> Self {
        let Which { id, ordinal, kind, turn, call, attempt, process } = which;
        Self {
            run,
            messages: Vec::new(),
            calls: Vec::new(),
            stop,
            kind,
            turn,
            call,
            attempt,
            process,
            id,
            ordinal,
            taker: taker.clone(),
        }
    }
}

fn take_row(set: &mut WriteSet, which: &Which, owner: &str, now: Timestamp) {
    use activities::entity::{Column, Entity};
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::State, Expr::value("leased"))
            .col_expr(Column::LeaseOwner, Expr::value(owner))
            .col_expr(Column::LeaseUntil, Expr::value(lease_end(now)))
            .col_expr(Column::StartedAt, Expr::value(micros(now)))
            .col_expr(Column::Attempt, Expr::value(as_i32(which.attempt + 1)))
            .col_expr(Column::Reports, Expr::value(0))
            .filter(Column::Id.eq(which.id.0))
            .filter(Column::State.eq("queued"))
            .filter(Column::Attempt.eq(as_i32(which.attempt))),
    );
}

/// When a lease taken or renewed now runs out.
pub(super) fn lease_end(now: Timestamp) -> i64 {
    micros(now.checked_add(LEASE).unwrap_or(Timestamp::MAX))
}

pub(super) fn parse_process(text: &str) -> Option<ProcessRecord> {
    let (group, ticks) = text.split_once(':')?;
    Some(ProcessRecord { group: group.parse().ok()?, started_ticks: ticks.parse().ok()? })
}
