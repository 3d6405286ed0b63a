//! A write is data: statements with guards, made outside, committed whole or not at all.

use std::any::{Any, TypeId};
use std::sync::{Arc, PoisonError, RwLock};

use drover_domain::activities::ActivityKind;
use drover_domain::executions::{EventKind, NewEvent, StoredEvent};
use drover_domain::{ActivityId, Error, ExecutionId, OrgId, QueueId};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, DbBackend, EntityTrait, IntoActiveModel, Iterable, QueryTrait, Statement,
    Value,
};

use crate::{dialect, outbox};

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

/// Why a set was not written; `E` is the driver's error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed<E> {
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] E),
    /// A guard did not hold.
    #[error("{0}")]
    Guard(Error),
}

/// What a driver's error says of a row's relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A unique key is taken.
    Unique,
    /// What the row belongs to is not there.
    Parent,
}

impl Guard {
    /// Whether a statement did what this asks for; `done` is how many rows it changed.
    pub(crate) fn check<E>(
        &self,
        done: Result<u64, E>,
        broken: impl Fn(&E) -> Option<Broken>,
    ) -> Result<(), Failed<E>> {
        let changed = done.map_err(|error| match (broken(&error), self) {
            (Some(Broken::Unique), Self::Unique(taken)) => {
                Failed::Guard(Error::conflict(taken.clone()))
            }
            // What it belongs to was deleted meanwhile.
            (Some(Broken::Parent), _) => Failed::Guard(Error::Stale),
            _ => Failed::Sql(error),
        })?;
        if *self == Self::OneRow && changed != 1 {
            return Err(Failed::Guard(Error::Stale));
        }
        Ok(())
    }
}

/// One step of a set.
#[derive(Debug)]
pub(crate) enum Step {
    Run { sql: Arc<str>, values: Vec<Value>, guard: Guard },
    Append { execution: ExecutionId, events: Vec<Entry>, at: Timestamp, first: bool },
}

/// An entry of a log, written down before it reaches the writer.
#[derive(Debug)]
pub(crate) struct Entry {
    pub kind: EventKind,
    pub data: Arc<str>,
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
    /// Something has to be told to Temporal; the row is claimed for this process.
    Outbox {
        /// What.
        row: Box<outbox::entity::Model>,
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

    /// Which of so many writers takes it: the sets of one run all go to the same, so that what they
    /// append is told in the order in which it was committed.
    pub(crate) fn lane(&self, lanes: usize) -> usize {
        // The last bytes of an id are random.
        self.run().map_or(0, |id| usize::from(id.0.as_bytes()[15]) % lanes)
    }

    /// The run to whose log it appends.
    pub(crate) fn run(&self) -> Option<ExecutionId> {
        self.steps.iter().find_map(|step| match step {
            Step::Append { execution, .. } => Some(*execution),
            Step::Run { .. } => None,
        })
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Adds a whole row. The statement's text is made once for each table and kept: building it anew
    /// is most of what a hot write would cost outside the database.
    pub fn insert<M, A>(&mut self, row: M)
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
    {
        self.insert_guarded(row, Guard::None);
    }

    /// Adds a whole row that must not break a unique key; `taken` is the answer if it does.
    pub fn insert_unique<M, A>(&mut self, row: M, taken: impl Into<String>)
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
    {
        self.insert_guarded(row, Guard::Unique(taken.into()));
    }

    fn insert_guarded<M, A>(&mut self, row: M, guard: Guard)
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
    {
        let mut row = row.into_active_model();
        let sql = insert_text::<A>(self.backend, &row);
        let columns = <A::Entity as EntityTrait>::Column::iter();
        let values = columns
            .filter_map(|column| row.take(column).into_value())
            .map(|value| dialect::written(self.backend, value))
            .collect();
        self.steps.push(Step::Run { sql, values, guard });
    }

    fn push(&mut self, query: impl QueryTrait, guard: Guard) {
        let Statement { sql, values, .. } = query.build(self.backend);
        let values = values.map(|values| values.0).unwrap_or_default();
        let values =
            values.into_iter().map(|value| dialect::written(self.backend, value)).collect();
        self.steps.push(Step::Run { sql: sql.into(), values, guard });
    }

    fn append_step(
        &mut self,
        execution: ExecutionId,
        events: Vec<NewEvent>,
        at: Timestamp,
        first: bool,
    ) {
        if !events.is_empty() || first {
            let entry =
                |event: NewEvent| Entry { kind: event.kind, data: event.data.to_string().into() };
            let events = events.into_iter().map(entry).collect();
            self.steps.push(Step::Append { execution, events, at, first });
        }
    }
}

/// The text that inserts a whole row of a table, from the first row of it that was inserted.
fn insert_text<A: ActiveModelTrait>(backend: DbBackend, row: &A) -> Arc<str> {
    static TEXTS: RwLock<Vec<(TypeId, DbBackend, Arc<str>)>> = RwLock::new(Vec::new());
    let table = TypeId::of::<A::Entity>();
    let texts = TEXTS.read().unwrap_or_else(PoisonError::into_inner);
    let known = texts.iter().find(|(of, on, _)| *of == table && *on == backend);
    if let Some((.., text)) = known {
        return text.clone();
    }
    drop(texts);
    let text: Arc<str> = A::Entity::insert(row.clone()).build(backend).sql.into();
    let mut texts = TEXTS.write().unwrap_or_else(PoisonError::into_inner);
    texts.push((table, backend, text.clone()));
    text
}
