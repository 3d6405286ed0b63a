//! Saying how a worker of an environment is started.

use axum::Json;
use drover_domain::workers::MAX_QUEUES;
use drover_domain::{EnvironmentId, Result};
use drover_store::queues::queries::queues_of_environment;
use drover_wire::environments::EnvironmentCommandResponse;
use serde_json::json;

use super::{get, is_ready};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers the command of a worker that serves all active queues of the environment.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<EnvironmentId>,
) -> Reply<EnvironmentCommandResponse> {
    Ok(Json(command(&ctx, id).await?))
}

async fn command(ctx: &Ctx, id: EnvironmentId) -> Result<EnvironmentCommandResponse> {
    let environment = get::row(ctx, id).await?;
    let queues = queues_of_environment(ctx.read(), ctx.org(), id).await?;
    let active = queues.iter().filter(|queue| queue.status == "active");
    let queues: Vec<String> = active.take(MAX_QUEUES).map(|queue| queue.id.to_string()).collect();
    let flags: Vec<String> = queues.iter().map(|queue| format!(" --queue {queue}")).collect();
    let is_ready = is_ready(&environment);
    Ok(EnvironmentCommandResponse {
        worker_token: String::new(),
        environment_name: environment.name,
        command: format!("drover worker{}", flags.concat()),
        can_register: is_ready && !queues.is_empty(),
        command_parts: json!({
            "binary": "drover", "subcommand": "worker", "flags": {"--queue": queues},
        }),
        namespace_status: environment.status,
        provisioning_workflow_id: None,
    })
}
