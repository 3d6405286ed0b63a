//! Saying how a worker queue is.

use axum::Json;
use drover_domain::{Error, Result};
use drover_store::queues::entity;
use drover_wire::runners::{RunnerCheck, RunnerHealth};

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};
use crate::queues;
use crate::workers::Pollers;

/// Answers how it is; unwell is an answer too.
pub async fn handler(Caller(ctx): Caller, Id(name): Id<String>) -> Reply<RunnerHealth> {
    Ok(Json(health(&ctx, &name).await?))
}

async fn health(ctx: &Ctx, name: &str) -> Result<RunnerHealth> {
    let queue = queues::named(ctx, name).await?;
    let queue = queue.ok_or_else(|| Error::not_found("Runner not found"))?;
    let workers = Pollers::read(ctx).await?.of(ctx, &queue);
    Ok(of(ctx, &queue, workers.len()))
}

/// How a queue with so many workers is.
pub(super) fn of(ctx: &Ctx, queue: &entity::Model, workers: usize) -> RunnerHealth {
    let trouble = ctx.plane().workflows.as_ref().and_then(|workflows| workflows.trouble());
    let absent = match (queue.status.as_str(), workers) {
        ("active", 0) => Some("No worker serves the queue".to_owned()),
        ("active", _) => None,
        (status, _) => Some(format!("The queue is {status}")),
    };
    let status = match (&absent, &trouble) {
        (Some(_), _) => "unhealthy",
        (None, Some(_)) => "degraded",
        (None, None) => "active",
    };
    let check = |name: &str, fault: &Option<String>| RunnerCheck {
        name: name.to_owned(),
        status: if fault.is_none() { "ok" } else { "unhealthy" }.to_owned(),
        error: fault.clone(),
    };
    RunnerHealth {
        status: status.to_owned(),
        checks: vec![
            check("workflow-engine", &trouble),
            check("agent-manager", &absent),
            check("tool-manager", &absent),
        ],
    }
}
