//! Starting the workflow of a new run.

use axum::Json;
use axum::http::HeaderMap;
use drover_domain::{Doing, Result};
use drover_wire::executions::{ExecuteAgent, Executed};
use drover_wire::workflows::WorkflowStart;

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::accept::Terms;
use crate::executions::execute::execute;
use crate::extract::{Body, Caller};

/// Answers after the run is on disk, as what asks an agent does.
pub async fn handler(
    Caller(ctx): Caller,
    headers: HeaderMap,
    Body(body): Body<WorkflowStart>,
) -> Reply<Executed> {
    Ok(Json(start(&ctx, &headers, body).await?))
}

async fn start(ctx: &Ctx, headers: &HeaderMap, body: WorkflowStart) -> Result<Executed> {
    let request = serde_json::to_value(&body).doing("hash a request")?;
    let agent = body.input.agent_id;
    let terms = Terms::read(ctx, headers, "workflow", &agent.to_string(), &request)?;
    let asked = ExecuteAgent {
        prompt: body.input.prompt,
        system_prompt: body.input.system_prompt,
        worker_queue_id: body.task_queue,
        execution_metadata: body.input.execution_metadata,
        ..ExecuteAgent::default()
    };
    execute(ctx, agent, asked, terms).await
}
