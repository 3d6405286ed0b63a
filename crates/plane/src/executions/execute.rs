//! Asks an agent something.

use axum::Json;
use axum::http::HeaderMap;
use drover_domain::{AgentId, Doing, Error, ExecutionId, Result};
use drover_wire::executions::{ExecuteAgent, Executed};
use serde_json::{Map, Value, json};

use super::accept::{self, Start, Terms};
use super::view::workflow_id;
use crate::activities;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Answers after the run is on disk.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<AgentId>,
    headers: HeaderMap,
    Body(body): Body<ExecuteAgent>,
) -> Reply<Executed> {
    let request = serde_json::to_value(&body).doing("hash a request")?;
    let terms = Terms::read(&ctx, &headers, "execute", &id.to_string(), &request)?;
    Ok(Json(execute(&ctx, id, body, terms).await?))
}

/// Accepts a run of an agent.
pub(crate) async fn execute(
    ctx: &Ctx,
    id: AgentId,
    body: ExecuteAgent,
    terms: Terms,
) -> Result<Executed> {
    let agent = activities::agent(ctx.plane(), ctx.org(), id).await?;
    let agent = agent.ok_or_else(|| Error::not_found("Agent not found"))?;
    let wanted = body.worker_queue_id.filter(|queue| !queue.is_empty());
    let queue = match &wanted {
        None => activities::any_queue(ctx).await?,
        Some(wanted) => activities::queue(ctx, wanted).await?.ok_or_else(|| {
            let text =
                format!("Worker queue '{wanted}' not found. Please select a valid worker queue.");
            Error::not_found(text)
        })?,
    };
    if queue.status != "active" {
        return Err(Error::refused(format!("Worker queue '{}' is not active", queue.name)));
    }
    let parent = match body.parent_execution_id.filter(|parent| !parent.is_empty()) {
        None => None,
        Some(text) => Some(text.parse::<ExecutionId>().map_err(|_| {
            Error::invalid("parent_execution_id", "uuid_parsing", "Input should be a valid UUID")
        })?),
    };
    if let Some(replayed) = terms.replayed(ctx).await? {
        return Ok(executed(&queue.name, replayed));
    }
    let mut metadata = Map::new();
    metadata.insert("kubiya_org_id".into(), json!(ctx.org()));
    metadata.insert("kubiya_org_name".into(), json!(ctx.org()));
    metadata.insert("worker_queue_name".into(), json!(queue.name));
    metadata.extend(body.execution_metadata.unwrap_or_default());
    if let Some(user) = body.user_metadata {
        metadata.insert("user_metadata".into(), user.into());
    }
    let env = body.execution_environment.and_then(|mut env| env.remove("env_vars"));
    let env = match env {
        Some(Value::Object(env)) => env,
        _ => Map::new(),
    };
    let name = queue.name.clone();
    let start = Start {
        id: None,
        agent_id: id,
        agent,
        queue,
        prompt: body.prompt,
        system_prompt: body.system_prompt,
        configuration: Map::new(),
        env,
        trigger_source: "user",
        metadata,
        job_id: None,
        parent,
    };
    Ok(executed(&name, accept::accept(ctx, start, terms).await?))
}

fn executed(queue: &str, accepted: accept::Accepted) -> Executed {
    Executed {
        execution_id: accepted.id.to_string(),
        workflow_id: workflow_id("agent", accepted.id),
        status: "PENDING".into(),
        message: format!("Execution submitted to worker queue: {queue}"),
        execution: accepted.execution,
    }
}
