//! Where work comes from and where reports go: in process, over HTTP, or from a task queue.

use async_trait::async_trait;
use drover_domain::activities::{ActivityKind, ActivityTask, Outcome, Progress};
use drover_domain::{ActivityId, Result};
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// A leased activity.
pub struct Lease {
    /// What to do.
    pub task: ActivityTask,
    /// Ends when the activity must stop: its run was cancelled, or its lease is lost.
    pub stop: CancellationToken,
}

/// The second half of taking work; `None` if somebody else has it by now.
pub type Leasing = BoxFuture<'static, Result<Option<Lease>>>;

/// The plane, as a worker sees it.
#[async_trait]
pub trait WorkSource: Send + Sync + 'static {
    /// Waits for something to do, and gives up to `at_most` of it; nothing if it waited for long.
    /// What is returned takes the lease; so a worker can wait for the next thing while the lease of
    /// this one is being written.
    async fn poll(&self, kind: ActivityKind, at_most: usize) -> Result<Vec<Leasing>>;

    /// Renews the leases of the activities that still run. Answers when it wants to hear of them
    /// again: after a third of a lease at the latest.
    async fn heartbeat(&self, held: Vec<ActivityId>) -> Result<()>;

    /// Stores progress; answers after it is on disk.
    ///
    /// # Errors
    /// [`drover_domain::Error::Stale`] if the lease is lost: stop.
    async fn append(&self, activity: ActivityId, progress: Vec<Progress>) -> Result<()>;

    /// Reports how an activity ended. Repeating it changes nothing.
    async fn complete(&self, activity: ActivityId, outcome: Outcome) -> Result<()>;
}
