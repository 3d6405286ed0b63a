//! Who polls which queue at the moment, the worker inside the process among them.

use std::collections::HashMap;

use drover_domain::{QueueId, Result, rfc3339, timestamp};
use drover_store::queues::entity;
use drover_store::workers::queries::workers_living;
use drover_wire::workers::WorkerInfo;
use uuid::Uuid;

use crate::ctx::Ctx;

/// What the worker inside the process is called.
const IN_PROCESS: &str = "in-process";

/// The workers of an organization that live, by their queues.
pub(crate) struct Pollers(HashMap<Uuid, Vec<WorkerInfo>>);

impl Pollers {
    /// Those of now.
    pub(crate) async fn read(ctx: &Ctx) -> Result<Self> {
        let mut of_queues: HashMap<Uuid, Vec<WorkerInfo>> = HashMap::new();
        for row in workers_living(ctx.read(), ctx.org(), ctx.now()).await? {
            of_queues.entry(row.queue_id).or_default().push(WorkerInfo {
                identity: row.id.to_string(),
                last_access_time: Some(rfc3339(timestamp(row.last_heartbeat))),
                rate_per_second: None,
            });
        }
        Ok(Self(of_queues))
    }

    /// Those of a queue, the one heard last first.
    pub(crate) fn of(&mut self, ctx: &Ctx, queue: &entity::Model) -> Vec<WorkerInfo> {
        let mut workers = self.0.remove(&queue.id).unwrap_or_default();
        if queue.status == "active" && ctx.plane().hub.takes_here(QueueId(queue.id)) {
            let identity = IN_PROCESS.to_owned();
            workers.push(WorkerInfo { identity, last_access_time: None, rate_per_second: None });
        }
        workers
    }
}
