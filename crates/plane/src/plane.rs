//! The plane: what every request shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use drover_domain::{AgentId, Clock, Ids, JobId, OrgId, QueueId, Secret, micros};
use drover_engine::{Embedded, Engine, Hub, Workflows};
use drover_store::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::activities::AgentSpec;
use crate::auth::{Keyed, MovedKeys};
use crate::cache::Cache;
use crate::connections::Connections;
use crate::keys::SigningKey;
use crate::workers::Registry;

/// What a plane is configured with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address under which clients reach it, without a trailing slash.
    pub public_url: String,
    /// The token that lets the operator's commands speak to the plane (`admin.token`).
    pub operator_token: Secret<String>,
    /// The longest a request may wait for a run (`Prefer: wait=N`). Default 60 s.
    pub max_wait: Duration,
    /// The time between two keepalives of a stream. Default 15 s.
    pub keepalive: Duration,
    /// Where Temporal is for `drover worker`, if this plane has one.
    pub temporal: Option<TemporalPlace>,
    /// Where workers of the reference's kind find their work; without it they are not let in.
    pub worker_temporal: Option<TemporalPlace>,
    /// Where such workers ask models, in OpenAI's format.
    pub worker_llm_url: Option<String>,
    /// The key that they use there.
    pub worker_llm_key: Option<Secret<String>>,
}

/// Where Temporal is, as workers are told.
#[derive(Debug, Clone)]
pub struct TemporalPlace {
    /// `http://host:7233` (or `https://…` with TLS) for ours; host and port for the reference's.
    pub address: String,
    /// The namespace.
    pub namespace: String,
    /// The key, if it wants one.
    pub api_key: Option<Secret<String>>,
}

/// The state of a running plane; shared by all requests.
pub struct Plane {
    /// Rows.
    pub store: Store,
    /// Runs.
    pub engine: Arc<dyn Engine>,
    /// The engine of this process, for its own worker.
    pub embedded: Arc<Embedded>,
    /// Temporal's workflows, if this plane has it.
    pub workflows: Option<Arc<dyn Workflows>>,
    /// Wake-ups.
    pub hub: Arc<Hub>,
    /// The workers in other processes that are here.
    pub workers: Registry,
    /// Connections that stay open, as they are counted.
    pub connections: Connections,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Signs API keys.
    pub signing: SigningKey,
    /// The keys of other planes that signed keys of organizations which have moved here.
    pub moved_keys: MovedKeys,
    /// See [`Settings`].
    pub settings: Settings,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// Ends when the plane is told to stop: it is no longer ready, and still takes requests.
    pub draining: CancellationToken,
    /// Ends when the plane stops: streams and waits end with it.
    pub stopping: CancellationToken,
    /// Background tasks, awaited at the end.
    pub tasks: TaskTracker,
    pub(crate) caches: Arc<Caches>,
    last_micros: AtomicI64,
    /// Tells the moments of this process from those of others: 0 to 999.
    salt: u16,
}

/// How long rows are remembered that others may change; what others tell voids them long before.
const LIFETIME: Duration = Duration::from_secs(1);

/// What the hot path remembers.
pub(crate) struct Caches {
    pub keys: Cache<Vec<u8>, Keyed>,
    pub jobs: Cache<(OrgId, JobId), drover_store::jobs::entity::Model>,
    pub agents: Cache<(OrgId, AgentId), AgentSpec>,
    pub queues: Cache<(OrgId, Option<String>), drover_store::queues::entity::Model>,
    pub queues_by_id: Cache<(OrgId, QueueId), drover_store::queues::entity::Model>,
}

/// The parts a plane is made of.
pub struct Parts {
    /// Rows.
    pub store: Store,
    /// The engine, with the hub that hears the store's commits.
    pub embedded: Arc<Embedded>,
    /// Temporal's workflows, if this plane has it.
    pub workflows: Option<Arc<dyn Workflows>>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Signs API keys.
    pub signing: SigningKey,
    /// The keys of other planes that signed keys of organizations which have moved here.
    pub moved_keys: MovedKeys,
    /// See [`Settings`].
    pub settings: Settings,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
}

impl Plane {
    /// Puts a plane together.
    pub fn new(parts: Parts) -> Arc<Self> {
        let hub = parts.embedded.hub().clone();
        let caches = Arc::new(Caches::new(parts.store.is_shared().then_some(LIFETIME)));
        let forget = caches.clone();
        hub.on_catalogue_change(move |organization| match organization {
            Some(organization) => forget.forget(organization),
            None => forget.forget_all(),
        });
        let [high, low, ..] = parts.ids.secret_bytes();
        Arc::new(Self {
            store: parts.store,
            engine: parts.embedded.clone(),
            embedded: parts.embedded,
            workflows: parts.workflows,
            hub,
            workers: Registry::default(),
            connections: Connections::default(),
            clock: parts.clock,
            ids: parts.ids,
            signing: parts.signing,
            moved_keys: parts.moved_keys,
            settings: parts.settings,
            metrics: parts.metrics,
            draining: CancellationToken::new(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            caches,
            last_micros: AtomicI64::new(0),
            salt: u16::from_be_bytes([high, low]) % 1000,
        })
    }

    /// Now in microseconds since 1970, or a little later: never the same twice in this process; then three
    /// digits of the process, so that it is hardly the same in another one.
    pub fn unique_moment(&self) -> String {
        format!("{}{:03}", self.unique_micros(), self.salt)
    }

    fn unique_micros(&self) -> i64 {
        let now = micros(self.clock.now());
        let next = |last: i64| now.max(last + 1);
        let last = self
            .last_micros
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        next(last.unwrap_or_else(|last| last))
    }
}

impl Caches {
    fn new(lifetime: Option<Duration>) -> Self {
        Self {
            keys: Cache::new(lifetime),
            jobs: Cache::new(lifetime),
            agents: Cache::new(lifetime),
            queues: Cache::new(lifetime),
            queues_by_id: Cache::new(lifetime),
        }
    }

    fn forget_all(&self) {
        self.keys.forget_all();
        self.jobs.forget_all();
        self.agents.forget_all();
        self.queues.forget_all();
        self.queues_by_id.forget_all();
    }

    fn forget(&self, organization: &OrgId) {
        self.keys.forget(organization);
        self.jobs.forget(organization);
        self.agents.forget(organization);
        self.queues.forget(organization);
        self.queues_by_id.forget(organization);
    }
}
