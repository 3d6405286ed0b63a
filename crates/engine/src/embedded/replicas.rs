//! What this engine does where others work on the same database: it hears of their commits, and looks
//! once a second at what it may not have heard of. Nobody leads: whoever sees something to do does it,
//! and the guards let one of them.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use drover_domain::activities::ActivityKind;
use drover_domain::{ActivityId, Result};
use drover_store::{Changes, activities, executions};
use tokio::sync::SemaphorePermit;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Embedded;
use crate::news::{UnderWay, is_vague};
use crate::step::as_i32;
use crate::taker::Taker;

/// The time between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Ids asked for in one go.
const BATCH: usize = 1000;
/// Takes under way at once of what others may take too. The shorter the time between the look and the
/// write, the less often two meet; a write that fails is one for its whole batch.
pub(super) const CONTESTED: usize = 32;
/// A backlog up to this is taken in its order.
const FEW: usize = 16;

impl Embedded {
    /// Runs until `stop`: takes up what other processes commit.
    pub async fn follow_others(&self, stop: CancellationToken) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                () = stop.cancelled() => return,
                news = self.hub.news.next() => self.take_up(news).await,
                _ = looks.tick() => self.look_at_others().await,
            };
            if let Err(error) = done {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, source, "cannot look what other replicas did");
            }
        }
    }

    /// Gives back what the worker of this process holds, once it has stopped: others go on with it.
    pub async fn give_back(&self) -> Result<()> {
        let (queues, owner) = (self.hub.ever_served(), &self.in_process.owner);
        let held = activities::queries::leased_by(self.store.reader(), &queues, owner).await?;
        self.lost(held).await
    }

    /// What may wait for a worker although it was offered elsewhere: a worker behind one address for
    /// several processes asks another one each time.
    pub(super) async fn look_for(&self, taker: &Arc<Taker>, kind: ActivityKind) {
        if !self.store.is_shared() || !taker.lanes.iter().all(|lanes| lanes.is_empty(kind)) {
            return;
        }
        // A failure is made good by the next look of the watch.
        if !taker.queues.is_empty()
            && let Err(error) = self.offer_waiting_of(&taker.queues).await
        {
            tracing::warn!(%error, "cannot read what waits");
        }
    }

    /// Puts a backlog into an order that no other process has: all of them take from it, and should not
    /// all begin with the same. Among few it costs nothing to meet.
    pub(super) fn order_apart(&self, waiting: &mut [activities::entity::Model]) {
        if waiting.len() > FEW {
            waiting.sort_by_cached_key(|row| {
                let mut hasher = DefaultHasher::new();
                (row.id, &self.in_process.owner).hash(&mut hasher);
                hasher.finish()
            });
        }
    }

    /// Waits for one's turn to take what others may take too.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        match self.store.is_shared() {
            // It is never closed.
            true => self.contested.acquire().await.ok(),
            false => None,
        }
    }

    async fn take_up(&self, news: Changes) -> Result<()> {
        let wanted = self.hub.wanted(&news.queues);
        if !wanted.is_empty() {
            self.offer_waiting_of(&wanted).await?;
        }
        if is_vague(&news) {
            self.look_at_others().await?;
        }
        Ok(())
    }

    async fn look_at_others(&self) -> Result<()> {
        self.look_at_logs().await?;
        self.look_at_leases().await?;
        self.look_at_offers().await
    }

    /// Tells who watches a run of what was appended to its log elsewhere.
    async fn look_at_logs(&self) -> Result<()> {
        for watched in self.hub.watched().chunks(BATCH) {
            let heads = executions::log::heads_get(self.store.reader(), watched).await?;
            heads.into_iter().for_each(|(execution, seq)| self.hub.reaches(execution, seq));
        }
        Ok(())
    }

    /// Stops what runs here without its lease.
    async fn look_at_leases(&self) -> Result<()> {
        for under_way in self.hub.under_way().chunks(BATCH) {
            let ids: Vec<_> = under_way.iter().map(|one| one.activity).collect();
            let rows = activities::queries::activities_under_way(self.store.reader(), &ids).await?;
            let held: HashSet<_> = rows
                .into_iter()
                .filter(|(_, state, _)| state == "leased")
                .map(|(id, _, attempt)| (id, attempt))
                .collect();
            let lost = |one: &&UnderWay| !held.contains(&(one.activity, as_i32(one.attempt)));
            under_way.iter().filter(lost).for_each(|one| self.hub.lost(*one));
        }
        Ok(())
    }

    /// Takes back what was offered here and taken elsewhere.
    async fn look_at_offers(&self) -> Result<()> {
        for lanes in self.hub.all_lanes() {
            for offered in lanes.offered().chunks(BATCH) {
                let reader = self.store.reader();
                let rows = activities::queries::activities_under_way(reader, offered).await?;
                let waits = rows.into_iter().filter(|(_, state, _)| state == "queued");
                let waits: HashSet<ActivityId> = waits.map(|(id, ..)| id).collect();
                let gone = offered.iter().copied().filter(|id| !waits.contains(id)).collect();
                lanes.take_back(&gone);
            }
        }
        Ok(())
    }
}
