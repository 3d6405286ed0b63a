//! What one process of several tells the others after its commits: ids, never rows. Whoever hears it
//! reads again. Not here: how it travels (`postgres::notify`).

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use drover_domain::{ExecutionId, OrgId, QueueId};

use crate::write::Notice;

/// Bytes of one message; Postgres takes less than 8000.
const MESSAGE: usize = 7900;
/// Ids of one kind that are told one by one; past it everybody looks at everything of the kind.
const IDS: usize = 3000;
/// Stands for everything of a kind.
const EVERYTHING: &str = "*";

/// What was committed elsewhere, as far as others need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Runs to whose logs something was appended.
    pub logs: Which<ExecutionId>,
    /// Runs whose activities must stop.
    pub stops: Which<ExecutionId>,
    /// Queues on which something waits.
    pub queues: Which<QueueId>,
    /// Organizations whose catalogue is another.
    pub catalogues: Which<OrgId>,
}

/// Some of a kind, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which<T> {
    /// These, each once.
    These(BTreeSet<T>),
    /// Nobody knows which: look at all of them.
    All,
}

impl<T> Default for Which<T> {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}

impl Changes {
    /// Anything may have changed: for whoever could not hear for a while.
    pub fn everything() -> Self {
        Self { logs: Which::All, stops: Which::All, queues: Which::All, catalogues: Which::All }
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what a commit tells.
    pub fn add(&mut self, notice: &Notice) {
        match notice {
            Notice::Events { execution, .. } => self.logs.add(*execution),
            Notice::Stop { execution } => self.stops.add(*execution),
            Notice::Ready { queue, .. } => self.queues.add(*queue),
            Notice::Catalogue { organization } => self.catalogues.add(organization.clone()),
            // Whoever wrote it has claimed it; once the claim has run out anybody finds it.
            Notice::Outbox { .. } => {}
        }
    }

    /// Adds other changes.
    pub fn merge(&mut self, other: Self) {
        self.logs.merge(other.logs);
        self.stops.merge(other.stops);
        self.queues.merge(other.queues);
        self.catalogues.merge(other.catalogues);
    }

    /// As messages: a letter, then ids of that kind.
    pub(crate) fn to_messages(&self) -> Vec<String> {
        let mut messages = Vec::new();
        self.logs.to_messages('l', &mut messages);
        self.stops.to_messages('s', &mut messages);
        self.queues.to_messages('q', &mut messages);
        self.catalogues.to_messages('c', &mut messages);
        messages
    }

    /// Adds a message. One that cannot be read, as of a newer program, means everything.
    pub(crate) fn hear(&mut self, message: &str) {
        let heard = message.split_at_checked(1).and_then(|(kind, ids)| {
            Some(match kind {
                "l" => Self { logs: Which::read(ids)?, ..Self::default() },
                "s" => Self { stops: Which::read(ids)?, ..Self::default() },
                "q" => Self { queues: Which::read(ids)?, ..Self::default() },
                "c" => Self {
                    catalogues: Which::of_texts(ids, |id| Some(OrgId::new(id)))?,
                    ..Self::default()
                },
                _ => return None,
            })
        });
        self.merge(heard.unwrap_or_else(Self::everything));
    }
}

impl<T: Ord> Which<T> {
    /// Whether this one may be among them.
    pub fn has(&self, one: &T) -> bool {
        match self {
            Self::These(these) => these.contains(one),
            Self::All => true,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::These(these) if these.is_empty())
    }

    fn add(&mut self, one: T) {
        if let Self::These(these) = self {
            these.insert(one);
            if these.len() > IDS {
                *self = Self::All;
            }
        }
    }

    fn merge(&mut self, other: Self) {
        match other {
            Self::These(these) => these.into_iter().for_each(|one| self.add(one)),
            Self::All => *self = Self::All,
        }
    }

    fn of_texts(ids: &str, read: impl Fn(&str) -> Option<T>) -> Option<Self> {
        match ids {
            EVERYTHING => Some(Self::All),
            ids => ids.split(',').map(read).collect::<Option<_>>().map(Self::These),
        }
    }

    fn read(ids: &str) -> Option<Self>
    where
        T: FromStr,
    {
        Self::of_texts(ids, |id| id.parse().ok())
    }

    fn to_messages(&self, kind: char, messages: &mut Vec<String>)
    where
        T: Display,
    {
        let Self::These(these) = self else {
            messages.push(format!("{kind}{EVERYTHING}"));
            return;
        };
        let mut message = String::new();
        for id in these {
            let id = id.to_string();
            if id.contains([',', '*']) || id.len() > MESSAGE / 2 {
                messages.push(format!("{kind}{EVERYTHING}"));
                return;
            }
            if message.len() + id.len() + 1 > MESSAGE {
                messages.push(std::mem::take(&mut message));
            }
            message.push(if message.is_empty() { kind } else { ',' });
            message.push_str(&id);
        }
        if !message.is_empty() {
            messages.push(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn heard(changes: &Changes) -> Changes {
        let mut heard = Changes::default();
        for message in changes.to_messages() {
            assert!(message.len() < 8000);
            heard.hear(&message);
        }
        heard
    }

    #[test]
    fn what_is_told_is_heard() {
        assert!(Changes::default().to_messages().is_empty());
        let mut changes = Changes::default();
        for n in 0..1000 {
            let (execution, queue) = (ExecutionId(Uuid::from_u128(n)), QueueId(Uuid::from_u128(7)));
            changes.add(&Notice::Events { execution, events: Vec::new() });
            changes.logs.add(execution);
            changes.queues.add(queue);
        }
        changes.add(&Notice::Stop { execution: ExecutionId(Uuid::from_u128(1)) });
        changes.add(&Notice::Catalogue { organization: OrgId::new("acme") });
        assert_eq!(heard(&changes), changes);
        assert_eq!(heard(&Changes::everything()), Changes::everything());
    }

    #[test]
    fn too_much_is_everything_of_its_kind() {
        let mut changes = Changes::default();
        for n in 0..=u128::try_from(IDS).unwrap() {
            changes.logs.add(ExecutionId(Uuid::from_u128(n)));
        }
        assert_eq!(changes.to_messages(), ["l*"]);
        changes.catalogues.add(OrgId::new("a,b"));
        assert_eq!(heard(&changes).catalogues, Which::All);
        assert!(heard(&changes).queues.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_everything() {
        for message in ["", "x", "lnot-an-id", "é"] {
            let mut changes = Changes::default();
            changes.hear(message);
            assert_eq!(changes, Changes::everything(), "{message}");
        }
    }
}
