//! The context of one request: who asks, and everything an operation may use.

use std::sync::Arc;

use drover_domain::identity::Identity;
use drover_domain::{OrgId, Result};
use drover_engine::Speaker;
use drover_store::{DatabaseConnection, WriteSet, audit};
use jiff::Timestamp;
use uuid::Uuid;

use crate::plane::Plane;

/// Who asks, in which organization, with the plane's clock, ids, store and engine.
#[derive(Clone)]
pub struct Ctx {
    plane: Arc<Plane>,
    identity: Arc<Identity>,
}

impl Ctx {
    /// The context of an authenticated caller.
    pub fn new(plane: Arc<Plane>, identity: Arc<Identity>) -> Self {
        Self { plane, identity }
    }
    /// The caller's organization: the parameter of every query.
    pub fn org(&self) -> &OrgId {
        &self.identity.organization
    }
    /// The caller.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
    /// The caller as the author of a message.
    pub fn speaker(&self) -> Speaker {
        Speaker {
            user_id: Some(self.identity.user_id.to_string()),
            email: Some(self.identity.email.clone()),
            name: Some(self.identity.name.clone()),
        }
    }
    /// The plane.
    pub fn plane(&self) -> &Arc<Plane> {
        &self.plane
    }
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.plane.clock.now()
    }
    /// A new id.
    pub fn uuid(&self) -> Uuid {
        self.plane.ids.next()
    }
    /// For reading.
    pub fn read(&self) -> &DatabaseConnection {
        self.plane.store.reader()
    }
    /// An empty set.
    pub fn set(&self) -> WriteSet {
        self.plane.store.set()
    }
    /// Commits a set; answers after it is on disk.
    pub async fn write(&self, set: WriteSet) -> Result<()> {
        self.plane.store.write(set).await
    }
    /// Adds an audit row for a change: `agents.create` of this id.
    pub fn audit(&self, set: &mut WriteSet, action: &str, target: impl ToString) {
        let entry = audit::Entry {
            id: self.uuid(),
            organization: self.org(),
            user_id: Some(self.identity.user_id.to_string()),
            key_id: Some(self.identity.key_id.to_string()),
            action,
            target_id: target.to_string(),
            at: self.now(),
        };
        audit::entry_insert(set, entry);
    }
}
