//! The leases that are out, by activity, as this process gave them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use drover_domain::ActivityId;
use drover_engine::Leased;

/// Leases of one worker.
#[derive(Default)]
pub struct Leases(Mutex<HashMap<ActivityId, Arc<Leased>>>);

impl Leases {
    /// The lease of an activity.
    pub fn get(&self, activity: ActivityId) -> Option<Arc<Leased>> {
        self.lock().get(&activity).cloned()
    }

    /// Remembers a lease.
    pub fn insert(&self, leased: Leased) -> Arc<Leased> {
        let leased = Arc::new(leased);
        self.lock().insert(leased.id, leased.clone());
        leased
    }

    /// Forgets a lease.
    pub fn remove(&self, activity: ActivityId) {
        self.lock().remove(&activity);
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<Leased>> {
        self.lock().values().cloned().collect()
    }

    /// Forgets this lease, but not a later one of its activity.
    pub fn remove_this(&self, leased: &Arc<Leased>) {
        let mut leases = self.lock();
        if leases.get(&leased.id).is_some_and(|known| Arc::ptr_eq(known, leased)) {
            leases.remove(&leased.id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ActivityId, Arc<Leased>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
