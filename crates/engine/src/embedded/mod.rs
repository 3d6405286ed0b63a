//! The engine inside the plane. Its state are rows of the same database, written with the same
//! commits. Alone it owns them; among replicas (`replicas`) every decision holds by its guards.

mod done;
mod elsewhere;
mod foreign;
mod lease;
mod outbox;
mod queue_gone;
mod recover;
mod replicas;
mod report;
mod start;

pub use foreign::{
    ForeignEvent, ForeignMessage, ForeignTurn, SessionPart, StatusPatch, leave_foreign,
};
pub use lease::{Leased, Offer};
pub use recover::take_up;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use drover_domain::executions::{Event, Status};
use drover_domain::messages::{Body, Message};
use drover_domain::workers::STUCK_AFTER;
use drover_domain::{ActivityId, Clock, Error, ExecutionId, Ids, OrgId, QueueId, Result, micros};
use drover_store::{Store, WriteSet, audit, executions};
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use crate::hub::Hub;
use crate::run::{NewRun, Run};
use crate::step::{Extra, Speaker, as_i32, insert_message, message_event, notice_event, step};
use crate::taker::{IN_PROCESS, Taker};
use crate::{Engine, Signal};

/// How often a decision is made again because somebody else wrote first, before it is a fault.
const CONFLICTS: usize = 20;

/// The embedded engine.
pub struct Embedded {
    store: Store,
    hub: Arc<Hub>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// The worker of this process; another start is another owner of leases.
    in_process: Arc<Taker>,
    /// Whose pieces of text are being stored.
    in_turn: foreign::InTurn,
    /// Where the last look at what waits ended.
    looked_at: Mutex<Option<(QueueId, ActivityId)>>,
    /// Takes of what others may take too.
    contested: Semaphore,
    /// Whether Temporal drives the runs of queues whose workers take from it.
    tells_temporal: bool,
    /// The silence about a run after which its worker counts as stuck.
    stuck_after: SignedDuration,
}

impl Embedded {
    /// The engine over a store whose commits `hub` hears.
    pub fn new(store: Store, hub: Arc<Hub>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        let owner = format!("{IN_PROCESS}{}", ids.next());
        let in_process = Taker::in_process(owner, hub.in_process().clone());
        let (in_turn, looked_at) = Default::default();
        Self {
            store,
            hub,
            clock,
            ids,
            in_process,
            in_turn,
            looked_at,
            contested: Semaphore::new(replicas::CONTESTED),
            tells_temporal: false,
            stuck_after: STUCK_AFTER,
        }
    }

    /// The same, and a worker counts as stuck after this silence about what it runs.
    #[must_use]
    pub fn with_stuck_after(self, stuck_after: SignedDuration) -> Self {
        Self { stuck_after, ..self }
    }

    /// The silence about a run after which its worker counts as stuck.
    pub fn stuck_after(&self) -> SignedDuration {
        self.stuck_after
    }

    /// The same, and Temporal is told of its runs.
    #[must_use]
    pub fn with_temporal(self) -> Self {
        Self { tells_temporal: true, ..self }
    }

    /// The worker of this process.
    pub fn in_process(&self) -> &Arc<Taker> {
        &self.in_process
    }

    /// The wake-ups this engine listens to.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Activities that are under way by leases of this process and of its workers.
    pub fn under_way(&self) -> usize {
        self.hub.under_way().len()
    }

    async fn run(&self, org: &OrgId, id: ExecutionId) -> Result<Run> {
        let row = executions::queries::execution_get(self.store.reader(), org, id).await?;
        let row = row.ok_or_else(|| Error::not_found("Execution not found"))?;
        Run::from_row(&row)
    }

    /// Steps a run, reading it again for as long as somebody else writes first.
    pub(crate) async fn decide(
        &self,
        org: &OrgId,
        id: ExecutionId,
        mut decision: impl FnMut(&mut Run, &mut WriteSet) -> Result<()>,
    ) -> Result<Run> {
        for _ in 0..CONFLICTS {
            let mut run = self.run(org, id).await?;
            let mut set = self.store.set();
            let before = run.flow.clone();
            decision(&mut run, &mut set)?;
            self.tell_change(&before, &mut run, &mut set)?;
            match self.store.write(set).await {
                Err(Error::Stale) => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(run),
            }
        }
        Err(Error::fault("steer a run", "it changed on every try"))
    }

    fn audit(&self, run: &Run, set: &mut WriteSet, action: &str, speaker: &Speaker) {
        let entry = audit::Entry {
            id: self.ids.next(),
            organization: &run.organization,
            user_id: speaker.user_id.clone(),
            key_id: None,
            action,
            target_id: run.id.to_string(),
            at: self.clock.now(),
        };
        audit::entry_insert(set, entry);
    }

    fn add_message(
        &self,
        run: &mut Run,
        set: &mut WriteSet,
        message: &Message,
        speaker: &Speaker,
    ) -> Result<()> {
        let now = self.clock.now();
        let ordinal = as_i32(run.flow.messages);
        let extra = Extra { events: vec![message_event(message, speaker)], ..Extra::default() };
        // The step first: its guard on the version is what makes the ordinal ours.
        step(run, Event::MessageAdded, extra, set, now)?;
        insert_message(run, set, ordinal, message, speaker, now)
    }
}

#[async_trait]
impl Engine for Embedded {
    fn start(&self, set: &mut WriteSet, new: NewRun) -> Result<()> {
        start::start(self, set, new)
    }

    async fn signal(&self, org: &OrgId, id: ExecutionId, signal: Signal) -> Result<Status> {
        let run = match signal {
            Signal::Message { message_id, content, speaker } => {
                let message = Message { message_id, body: Body::User { content } };
                self.decide(org, id, |run, set| {
                    if run.status().is_terminal() || run.flow.done {
                        return Err(run.over());
                    }
                    self.audit(run, set, "executions.message", &speaker);
                    self.add_message(run, set, &message, &speaker)
                })
                .await?
            }
            Signal::Done { speaker } => self.mark_done(org, id, &speaker).await?,
            Signal::Cancel { reason, speaker } => {
                let now = self.clock.now();
                self.decide(org, id, |run, set| {
                    let who = speaker.name.as_deref().unwrap_or("the plane");
                    let notice = notice_event(
                        format!("{id}_cancel_{}", micros(now)),
                        format!("🛑 Execution stopped by {who}"),
                    );
                    let event = Event::CancelRequested { reason: reason.clone() };
                    let extra = Extra { events: vec![notice], ..Extra::default() };
                    if step(run, event, extra, set, now)? {
                        self.audit(run, set, "executions.cancel", &speaker);
                    }
                    Ok(())
                })
                .await?
            }
        };
        Ok(run.status())
    }
}
