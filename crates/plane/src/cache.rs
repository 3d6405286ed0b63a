//! What the hot path remembers of rows it has read: keys, jobs, agents, queues.
//!
//! Coherent within a process: a commit that changes an organization's catalogue voids everything
//! remembered of it before the commit is answered. A value read before such a commit and offered
//! after it is not taken: that is what the generation is for. Where several processes share the
//! database, the others hear of the commit some milliseconds later; should they not hear, an entry
//! lasts a second and no longer.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use drover_domain::{OrgId, Result};

/// Entries kept; past it the cache is emptied, which is rare and costs a few reads.
const CAPACITY: usize = 20_000;

/// A read-through cache whose entries belong to organizations.
pub struct Cache<K, V> {
    entries: RwLock<HashMap<K, Entry<V>>>,
    generation: AtomicU64,
    /// How long an entry lasts; for ever where nobody else writes.
    lifetime: Option<Duration>,
}

struct Entry<V> {
    owner: OrgId,
    value: Arc<V>,
    /// Asked for before it was read.
    asked: Option<Instant>,
}

impl<K, V> Cache<K, V> {
    /// An empty cache; `lifetime` for where others may change what it remembers.
    pub fn new(lifetime: Option<Duration>) -> Self {
        Self { entries: RwLock::default(), generation: AtomicU64::new(0), lifetime }
    }
}

impl<K: Eq + Hash + Clone, V> Cache<K, V> {
    /// The remembered value, or what `read` gives (`None` is not remembered).
    pub async fn get_or_read(
        &self,
        key: &K,
        read: impl Future<Output = Result<Option<(OrgId, V)>>>,
    ) -> Result<Option<Arc<V>>> {
        if let Some(value) = self.get(key) {
            return Ok(Some(value));
        }
        let generation = self.generation.load(Ordering::Acquire);
        let asked = self.lifetime.map(|_| Instant::now());
        let Some((owner, value)) = read.await? else {
            return Ok(None);
        };
        let value = Arc::new(value);
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if self.generation.load(Ordering::Acquire) == generation {
            if entries.len() >= CAPACITY {
                entries.clear();
            }
            entries.insert(key.clone(), Entry { owner, value: value.clone(), asked });
        }
        Ok(Some(value))
    }

    /// The remembered value.
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(key)?;
        let is_over = |lifetime| entry.asked.is_none_or(|asked| asked.elapsed() >= lifetime);
        if self.lifetime.is_some_and(is_over) {
            return None;
        }
        Some(entry.value.clone())
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::AcqRel);
        entries.clear();
    }

    /// Forgets everything of an organization.
    pub fn forget(&self, organization: &OrgId) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::AcqRel);
        entries.retain(|_, entry| entry.owner != *organization);
    }
}
