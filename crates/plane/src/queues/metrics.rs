//! Counting what a queue did in the last 24 hours, and what it does now. The database counts.

use std::collections::HashSet;

use axum::Json;
use drover_domain::executions::{ExecutionFlow, Status};
use drover_domain::{QueueId, Result, rfc3339, timestamp};
use drover_engine::IN_PROCESS;
use drover_store::activities::queries::{lease_owners, waiting_count};
use drover_store::executions::on_queue::{StateOfQueue, flows_running_on, states_of_queue};
use drover_store::workers::entity;
use drover_store::workers::queries::{workers_of_queue, workers_staying};
use drover_wire::queues::WorkerQueueMetricsResponse;
use jiff::SignedDuration;

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// What counts as lately.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// Answers the counts.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<QueueId>,
) -> Reply<WorkerQueueMetricsResponse> {
    Ok(Json(metrics(&ctx, id).await?))
}

async fn metrics(ctx: &Ctx, id: QueueId) -> Result<WorkerQueueMetricsResponse> {
    get::row(ctx, id).await?;
    let (db, org, now) = (ctx.read(), ctx.org(), ctx.now());
    let since = now.checked_sub(WINDOW).unwrap_or(now);
    let states = states_of_queue(db, org, id, since).await?;
    let runs = |of: &[Status]| -> u64 {
        let is_of = |state: &&StateOfQueue| of.iter().any(|one| one.as_str() == state.status);
        let sum: i64 = states.iter().filter(is_of).map(|state| state.runs).sum();
        u64::try_from(sum).unwrap_or_default()
    };
    let state = |of: Status| states.iter().find(|state| state.status == of.as_str());
    let (completed, failed) = (runs(&[Status::Completed]), runs(&[Status::Failed]));
    let processed = completed + failed;
    let time = |at: i64| rfc3339(timestamp(at));
    let workers = workers_of_queue(db, org, id, now).await?;
    let staying = workers_staying(db, org, id).await?;
    let inside = u32::from(ctx.plane().hub.takes_here(id));
    let active = count(workers.len()) + inside;
    let busy = count(busy(ctx, id, &workers).await?).min(active);
    Ok(WorkerQueueMetricsResponse {
        queue_id: id.to_string(),
        active_workers: active,
        idle_workers: active - busy,
        busy_workers: busy,
        total_workers: count(staying.len()) + inside,
        tasks_processed_24h: processed,
        tasks_failed_24h: failed,
        tasks_pending: runs(&[Status::Pending, Status::Queued]),
        avg_task_duration_ms: state(Status::Completed).and_then(|one| one.took_ms).unwrap_or(0.0),
        error_rate_percent: percent(failed, processed),
        last_error_at: state(Status::Failed).and_then(|one| one.ended_at).map(time),
        task_queue_backlog: waiting_count(db, org, id).await?,
        task_queue_pollers: active,
        last_activity_at: states.iter().map(|one| one.changed_at).max().map(time),
        updated_at: rfc3339(now),
    })
}

/// How many of these workers, and the one inside, do something on the queue: ours hold leases, of the
/// foreign ones the runs know who has them.
async fn busy(ctx: &Ctx, id: QueueId, workers: &[entity::Model]) -> Result<usize> {
    let owners = lease_owners(ctx.read(), ctx.org(), id).await?;
    let mut busy: HashSet<String> = HashSet::from_iter(owners);
    if workers.iter().any(entity::Model::is_foreign) {
        let flows = flows_running_on(ctx.read(), ctx.org(), id).await?;
        busy.extend(flows.iter().filter_map(|flow| foreign_worker(flow)));
    }
    let is_inside = |owner: &String| owner.starts_with(IN_PROCESS);
    let inside = usize::from(busy.iter().any(is_inside) && ctx.plane().hub.takes_here(id));
    Ok(inside + workers.iter().filter(|worker| busy.contains(&worker.id.to_string())).count())
}

fn foreign_worker(flow: &str) -> Option<String> {
    let flow: ExecutionFlow = serde_json::from_str(flow).ok()?;
    Some(flow.foreign?.worker?.to_string())
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share, for people")]
    let share = part as f64 / whole as f64;
    share * 100.0
}
