//! Tells Temporal what the outbox holds, and looks for workflows that were ended from outside. Every
//! replica has one: a row is claimed before it is told, and telling it twice is telling it once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use drover_domain::activities::ActivityKind;
use drover_domain::executions::{Event, Next, Step};
use drover_domain::{ActivityId, Clock, Error, ExecutionId, OrgId, QueueId, Result, micros};
use drover_store::executions::queries::execution_get;
use drover_store::outbox::entity::Model;
use drover_store::outbox::queries::{self, PARKED};
use drover_store::{Store, activities, executions};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::embedded::Embedded;
use crate::hub::{Driver, Hub, lock};
use crate::step::{Extra, step};

/// How long a row is somebody's.
pub(crate) const CLAIM: SignedDuration = SignedDuration::from_secs(10);
/// The wait before a row is told again that could not be.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);
/// The time between two looks into the outbox.
const LOOK: Duration = Duration::from_secs(1);
/// Looks into the outbox between two looks for workflows that were ended from outside.
const LOOKS_PER_REVIEW: u32 = 5;
/// Looks into the outbox between two clean-ups of it.
const LOOKS_PER_SWEEP: u32 = 60;
/// How far the first review looks back: no plane may have run for long. What Temporal lists is limited,
/// and runs that are over are passed over.
const FIRST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Workflows whose runs are looked up at once.
const LOOKED_UP: usize = 500;
/// How far a review looks back beyond the one before: what Temporal lists comes late.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);
/// How long an activity waits until its run's start is told once more: the workflow may be lost.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// Such activities in one review.
const OVERDUE: u64 = 256;
/// Rows that are told at once.
const AT_ONCE: u16 = 32;

/// What is told of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// It starts.
    Start,
    /// What comes next.
    Steer,
    /// It is over.
    Cancel,
    /// It is over, and nobody is there to hear it.
    Terminate,
    /// What a person has said, for a foreign workflow.
    Message,
    /// That somebody says it is done, for a foreign workflow.
    Done,
}

impl Telling {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Steer => "steer",
            Self::Cancel => "cancel",
            Self::Terminate => "terminate",
            Self::Message => "message",
            Self::Done => "done",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Start, Self::Steer, Self::Cancel, Self::Terminate, Self::Message, Self::Done]
            .into_iter()
            .find(|one| one.as_str() == text)
    }
}

/// A run whose workflow is to be started.
#[derive(Debug, Clone, Copy)]
pub struct Starting {
    /// Which run.
    pub execution: ExecutionId,
    /// Its queue, whose task queue has its name.
    pub queue: QueueId,
    /// What comes first.
    pub next: Next,
}

/// What a foreign workflow begins with (contract, worker protocol §4), and what it is told in the words
/// that it knows.
#[async_trait]
pub trait ForeignWords: Send + Sync {
    /// What it begins with; `None` if its agent is gone.
    async fn begin(&self, org: &OrgId, execution: ExecutionId) -> Result<Option<Value>>;
    /// The message that it is told next, if there is one.
    async fn message(&self, org: &OrgId, execution: ExecutionId) -> Result<Option<Value>>;
}

/// A workflow that was ended from outside.
#[derive(Debug, Clone)]
pub struct EndedOutside {
    /// Whose run it drove.
    pub execution: ExecutionId,
    /// Whether somebody cancelled it; otherwise it was terminated, timed out, or failed.
    pub cancelled: bool,
    /// How, for a person.
    pub how: String,
}

/// Workflows of Temporal. Every call may be repeated.
#[async_trait]
pub trait Workflows: Send + Sync {
    /// Whether Temporal can be reached at the moment; why not otherwise.
    fn trouble(&self) -> Option<String>;
    /// Looks whether it can be reached again; asked only while it cannot.
    async fn is_back(&self) -> bool;
    /// Starts the workflow of a run; one that runs or has run stays as it is.
    async fn start(&self, run: Starting) -> Result<()>;
    /// Tells the workflow of a run what comes next; whether there is one that runs.
    async fn steer(&self, execution: ExecutionId, next: Next) -> Result<bool>;
    /// Cancels the workflow of a run, if there is one.
    async fn cancel(&self, execution: ExecutionId) -> Result<()>;
    /// Terminates the workflow of a run, if there is one.
    async fn terminate(&self, execution: ExecutionId, reason: &str) -> Result<()>;
    /// Has a foreign worker of a queue start the workflow of a run.
    async fn start_foreign(
        &self,
        execution: ExecutionId,
        queue: QueueId,
        begin: Value,
    ) -> Result<()>;
    /// Tells a foreign workflow what a person has said; whether there is one that runs.
    async fn tell_foreign(&self, execution: ExecutionId, message: Value) -> Result<bool>;
    /// Tells a foreign workflow that its run is done; one that is not there needs to know nothing.
    async fn end_foreign(&self, execution: ExecutionId) -> Result<()>;
    /// The workflows that were ended from outside since some time.
    async fn ended_outside(&self, since: Timestamp) -> Result<Vec<EndedOutside>>;
}

/// Tells Temporal.
pub struct Teller {
    store: Store,
    hub: Arc<Hub>,
    clock: Arc<dyn Clock>,
    engine: Arc<Embedded>,
    workflows: Arc<dyn Workflows>,
    words: Arc<dyn ForeignWords>,
    /// What is older may have come from another plane, or from before there was a Temporal.
    begun: i64,
    /// Where the last look at what is overdue ended.
    looked_at: Mutex<Option<(QueueId, ActivityId)>>,
}

impl Teller {
    /// One that tells these workflows what the engine decides.
    pub fn new(
        store: Store,
        engine: Arc<Embedded>,
        clock: Arc<dyn Clock>,
        workflows: Arc<dyn Workflows>,
        words: Arc<dyn ForeignWords>,
    ) -> Self {
        let (hub, begun) = (engine.hub().clone(), micros(clock.now()));
        Self { store, hub, clock, engine, workflows, words, begun, looked_at: Mutex::default() }
    }

    /// Tells until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let (teller, mut told) = mpsc::unbounded_channel();
        self.hub.tell(teller);
        let this = Arc::new(self);
        let hot = async {
            let rows = stream::poll_fn(|context| told.poll_recv(context));
            rows.for_each_concurrent(usize::from(AT_ONCE), |row| this.tell_and_log(row)).await;
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = hot => {}
            () = this.look_again_and_again() => {}
        }
    }

    async fn look_again_and_again(&self) {
        let mut looks = 0_u32;
        let now = self.clock.now();
        let mut reviewed = now.checked_sub(FIRST).unwrap_or(now);
        loop {
            tokio::time::sleep(LOOK).await;
            looks = looks.wrapping_add(1);
            if self.workflows.trouble().is_some() && !self.workflows.is_back().await {
                continue;
            }
            log("tell Temporal what waits", self.look().await);
            if looks.is_multiple_of(LOOKS_PER_REVIEW) {
                let now = self.clock.now();
                let since = reviewed.checked_sub(OVERLAP).unwrap_or(reviewed);
                let review = self.review(since).await;
                if review.is_ok() {
                    reviewed = now;
                }
                log("look for workflows that were ended from outside", review);
                log("start workflows that are not there", self.start_overdue().await);
            }
            if looks.is_multiple_of(LOOKS_PER_SWEEP) {
                let mut set = self.store.set();
                queries::forget_ended(&mut set);
                log("clean up the outbox", self.store.write(set).await);
            }
        }
    }

    /// Tells what is due: what could not be told, and what another process left.
    async fn look(&self) -> Result<()> {
        self.engine.release_parked(&self.hub.task_queues()).await?;
        // What is due later, because it could not be told, or what others hold, the next look finds.
        let now = self.clock.now();
        while self.workflows.trouble().is_none() {
            let claimed = self.engine.claim_due(now, u64::from(AT_ONCE)).await?;
            if claimed.is_empty() {
                break;
            }
            stream::iter(claimed).for_each_concurrent(None, |row| self.tell_and_log(row)).await;
        }
        Ok(())
    }

    async fn tell_and_log(&self, row: Model) {
        // Not reachable, or it has waited here for too long: once the claim has run out, a look finds
        // the row.
        let is_ours = micros(self.clock.now()) < row.claimed_until;
        if is_ours && self.workflows.trouble().is_none() {
            log("tell Temporal of a run", self.tell(row).await);
        }
    }

    async fn tell(&self, row: Model) -> Result<()> {
        let execution = ExecutionId(row.execution_id);
        let org = OrgId::new(row.organization_id.clone());
        let next = serde_json::from_str(&row.payload).ok();
        let told = match (Telling::parse(&row.kind), next) {
            (Some(Telling::Start), Some(next)) => {
                let queue = QueueId(row.queue_id);
                match self.hub.driver(queue) {
                    Some(Driver::Ours) => {
                        self.workflows.start(Starting { execution, queue, next }).await
                    }
                    Some(Driver::Foreign) => self.start_foreign(&org, execution, queue).await,
                    // Its worker is gone again.
                    None => return self.keep(&row, PARKED).await,
                }
            }
            (Some(Telling::Steer), Some(next)) => {
                self.steer(execution, QueueId(row.queue_id), next).await
            }
            (Some(Telling::Cancel), _) => self.workflows.cancel(execution).await,
            (Some(Telling::Terminate), _) => {
                let run = execution_get(self.store.reader(), &org, execution).await?;
                let reason = run.and_then(|run| run.error_message);
                let reason = reason.as_deref().unwrap_or("its run has failed");
                self.workflows.terminate(execution, reason).await
            }
            (Some(Telling::Message), _) => {
                self.tell_message(&org, execution, QueueId(row.queue_id)).await
            }
            (Some(Telling::Done), _) => self.workflows.end_foreign(execution).await,
            _ => Err(Error::fault("read a row of the outbox", row.kind.clone())),
        };
        match told {
            Ok(()) => {
                let mut set = self.store.set();
                queries::told(&mut set, &row);
                self.store.write(set).await
            }
            Err(error) => {
                let now = self.clock.now();
                let again = micros(now.checked_add(AGAIN).unwrap_or(now));
                log("try a row of the outbox again later", self.keep(&row, again).await);
                Err(error)
            }
        }
    }

    /// Tells a workflow what comes next; one that is not there is started with it: its run was driven
    /// by something else before it came here.
    async fn steer(&self, execution: ExecutionId, queue: QueueId, next: Next) -> Result<()> {
        let is_there = self.workflows.steer(execution, next).await?;
        let is_ours = self.hub.driver(queue) == Some(Driver::Ours);
        match next {
            Next::Execute(_) if !is_there && is_ours => {
                self.workflows.start(Starting { execution, queue, next }).await
            }
            // Without a worker it is overdue once there is one.
            _ => Ok(()),
        }
    }

    /// Leaves a run to the foreign workers of its queue, and has one of them start its workflow.
    async fn start_foreign(
        &self,
        org: &OrgId,
        execution: ExecutionId,
        queue: QueueId,
    ) -> Result<()> {
        match self.engine.foreign_dispatched(org, execution).await {
            Ok(true) => {}
            // A worker of ours has it, or it is gone.
            Ok(false) | Err(Error::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
        match self.words.begin(org, execution).await? {
            Some(begin) => self.workflows.start_foreign(execution, queue, begin).await,
            None => {
                let reason = "The agent of this run was deleted".to_owned();
                self.end(org, execution, Event::Abandoned { reason }).await
            }
        }
    }

    /// Tells a foreign workflow what a person has said. One that is not there has stayed with another
    /// plane: the message begins a workflow of its own, and has with it what was said before.
    async fn tell_message(
        &self,
        org: &OrgId,
        execution: ExecutionId,
        queue: QueueId,
    ) -> Result<()> {
        let Some(message) = self.words.message(org, execution).await? else {
            return Ok(());
        };
        let said = message["content"].clone();
        if self.workflows.tell_foreign(execution, message).await? {
            return Ok(());
        }
        match self.words.begin(org, execution).await? {
            Some(mut begin) => {
                begin["prompt"] = said;
                self.workflows.start_foreign(execution, queue, begin).await
            }
            None => Ok(()),
        }
    }

    async fn keep(&self, row: &Model, until: i64) -> Result<()> {
        let mut set = self.store.set();
        queries::keep(&mut set, row, until);
        match self.store.write(set).await {
            // Somebody else is at it.
            Err(Error::Stale) => Ok(()),
            kept => kept,
        }
    }

    /// Ends the runs whose workflows were ended from outside.
    async fn review(&self, since: Timestamp) -> Result<()> {
        for ended in self.workflows.ended_outside(since).await?.chunks(LOOKED_UP) {
            let ids: Vec<_> = ended.iter().map(|ended| ended.execution).collect();
            let open = executions::queries::open_among(self.store.reader(), &ids).await?;
            let open: HashMap<_, _> = open.into_iter().collect();
            for ended in ended {
                if let Some(org) = open.get(&ended.execution) {
                    self.settle(org, ended).await?;
                }
            }
        }
        Ok(())
    }

    /// Starts the workflows of runs that have waited for long, or for longer than this plane is there;
    /// those that are there stay as they are.
    async fn start_overdue(&self) -> Result<()> {
        let queues: Vec<_> = self.hub.task_queues();
        let after = *lock(&self.looked_at);
        let waiting =
            activities::queries::waiting(self.store.reader(), &queues, after, OVERDUE).await?;
        let whole = u64::try_from(waiting.len()).is_ok_and(|count| count == OVERDUE);
        let last = waiting.last().map(|row| (QueueId(row.queue_id), ActivityId(row.id)));
        *lock(&self.looked_at) = last.filter(|_| whole);
        let now = self.clock.now();
        let long_ago = micros(now.checked_sub(PATIENCE).unwrap_or(now)).max(self.begun);
        for row in waiting.into_iter().filter(|row| row.created_at.max(row.not_before) < long_ago) {
            let (queue, execution) = (QueueId(row.queue_id), ExecutionId(row.execution_id));
            let kind = ActivityKind::parse(&row.kind);
            let (Some(kind), Ok(ordinal)) = (kind, u32::try_from(row.ordinal)) else {
                continue;
            };
            if self.hub.driver(queue) == Some(Driver::Ours) {
                let activity = ActivityId(row.id);
                let next = Next::Execute(Step { activity, ordinal, kind, after_ms: 0 });
                self.workflows.start(Starting { execution, queue, next }).await?;
            }
        }
        Ok(())
    }

    async fn settle(&self, org: &OrgId, ended: &EndedOutside) -> Result<()> {
        let EndedOutside { execution, cancelled, how } = ended;
        let reason = format!("Its workflow was {how} outside of Drover");
        let event = match *cancelled {
            true => Event::CancelRequested { reason },
            false => Event::Abandoned { reason },
        };
        self.end(org, *execution, event).await
    }

    async fn end(&self, org: &OrgId, execution: ExecutionId, event: Event) -> Result<()> {
        let decided = self.engine.decide(org, execution, |run, set| {
            step(run, event.clone(), Extra::default(), set, self.clock.now())?;
            Ok(())
        });
        match decided.await {
            // Deleted meanwhile.
            Err(Error::NotFound(_)) => Ok(()),
            decided => decided.map(|_| ()),
        }
    }
}

fn log(doing: &'static str, done: Result<()>) {
    if let Err(error) = done {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        tracing::warn!(%error, source, "cannot {doing}");
    }
}
