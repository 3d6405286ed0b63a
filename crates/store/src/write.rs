//! A write is data: statements with guards, made outside, committed whole or not at all.

use std::any::Any;
use std::sync::Arc;

use drover_domain::activities::ActivityKind;
use drover_domain::executions::{NewEvent, StoredEvent};
use drover_domain::{ActivityId, ExecutionId, OrgId, QueueId};
use jiff::Timestamp;
use sea_orm::{DbBackend, QueryTrait, Statement};

/// What must hold for one statement, else nothing of its set is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Nothing.
    None,
    /// It must change exactly one row; otherwise the set fails as [`drover_domain::Error::Stale`].
    OneRow,
    /// It must not break a unique key; otherwise the set fails as a conflict with this text.
    Unique(String),
}

/// One step of a set.
#[derive(Debug)]
pub(crate) enum Step {
    Run { statement: Statement, guard: Guard },
    Append { execution: ExecutionId, events: Vec<NewEvent>, at: Timestamp, first: bool },
}

/// What the rest of the process learns once a set is on disk; delivered in commit order.
#[derive(Debug, Clone)]
pub enum Notice {
    /// Entries were appended to a run's log.
    Events {
        /// Which run.
        execution: ExecutionId,
        /// With their `seq`.
        events: Vec<StoredEvent>,
    },
    /// An activity waits for a worker.
    Ready {
        /// On which queue.
        queue: QueueId,
        /// Which one.
        activity: ActivityId,
        /// Whether it is a model turn or a tool call.
        kind: ActivityKind,
        /// Not before this instant.
        not_before: Timestamp,
        /// What its taker would otherwise read again; only ever a short cut, guards tell the truth.
        hint: Option<Arc<dyn Any + Send + Sync>>,
    },
    /// A run's activity must stop, wherever it is executed.
    Stop {
        /// Which run.
        execution: ExecutionId,
    },
    /// Something of an organization's catalogue changed: what was remembered of it is void.
    Catalogue {
        /// Whose.
        organization: OrgId,
    },
}

/// Statements that are committed together. Built by operations, handed to `Store::write`.
#[derive(Debug)]
pub struct WriteSet {
    backend: DbBackend,
    pub(crate) steps: Vec<Step>,
    pub(crate) notices: Vec<Notice>,
}

impl WriteSet {
    pub(crate) fn new(backend: DbBackend) -> Self {
        Self { backend, steps: Vec::with_capacity(8), notices: Vec::new() }
    }

    /// Adds a statement without a guard.
    pub fn add(&mut self, query: impl QueryTrait) {
        self.push(query, Guard::None);
    }

    /// Adds a statement that must change exactly one row.
    pub fn add_guarded(&mut self, query: impl QueryTrait) {
        self.push(query, Guard::OneRow);
    }

    /// Adds a statement that must not break a unique key; `taken` is the answer if it does.
    pub fn add_unique(&mut self, query: impl QueryTrait, taken: impl Into<String>) {
        self.push(query, Guard::Unique(taken.into()));
    }

    /// Appends to a run's log; `seq` is given at commit.
    pub fn append(&mut self, execution: ExecutionId, events: Vec<NewEvent>, at: Timestamp) {
        self.append_step(execution, events, at, false);
    }

    /// Begins a run's log.
    pub fn begin_log(&mut self, execution: ExecutionId, events: Vec<NewEvent>, at: Timestamp) {
        self.append_step(execution, events, at, true);
    }

    /// Adds what to tell the process after the commit.
    pub fn notify(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Says that the organization's catalogue changes with this set.
    pub fn changes_catalogue(&mut self, organization: &OrgId) {
        self.notify(Notice::Catalogue { organization: organization.clone() });
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn push(&mut self, query: impl QueryTrait, guard: Guard) {
        let statement = query.build(self.backend);
        self.steps.push(Step::Run { statement, guard });
    }

    fn append_step(
        &mut self,
        execution: ExecutionId,
        events: Vec<NewEvent>,
        at: Timestamp,
        first: bool,
    ) {
        if !events.is_empty() || first {
            self.steps.push(Step::Append { execution, events, at, first });
        }
    }
}
