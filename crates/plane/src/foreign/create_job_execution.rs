//! Making the run that a worker's schedule has begun.

use axum::Json;
use drover_domain::{AgentId, Error, ExecutionId, JobId, Result};
use drover_store::executions::queries::execution_get;
use drover_store::jobs;
use drover_wire::foreign::{JobExecutionCreate, JobExecutionCreated};
use serde_json::{Map, Value, json};

use crate::activities;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::accept::{Start, Terms, accept};
use crate::extract::{Body, Caller};
use crate::jobs::trigger;

/// Answers after the run is on disk.
pub async fn handler(
    Caller(ctx): Caller,
    Body(body): Body<JobExecutionCreate>,
) -> Reply<JobExecutionCreated> {
    let execution_id = create(&ctx, body).await?;
    Ok(Json(JobExecutionCreated {
        execution_id,
        status: "created".to_owned(),
        message: "Job execution records created successfully".to_owned(),
    }))
}

async fn create(ctx: &Ctx, body: JobExecutionCreate) -> Result<String> {
    let rule = "Input should be a valid UUID";
    let id: ExecutionId = body
        .execution_id
        .parse()
        .map_err(|_| Error::invalid("execution_id", "uuid_parsing", rule))?;
    // Asked again, or made by whoever begun it: what it has come to stays.
    if execution_get(ctx.read(), ctx.org(), id).await?.is_some() {
        return Ok(id.to_string());
    }
    let job = match &body.job_id {
        Some(text) => Some(job(ctx, text).await?),
        None => None,
    };
    let entity = body.entity_id.clone().or_else(|| job.as_ref()?.entity_id.clone());
    let agent_id: AgentId = entity
        .unwrap_or_default()
        .parse()
        .map_err(|_| Error::invalid("entity_id", "uuid_parsing", rule))?;
    let agent = activities::agent(ctx.plane(), ctx.org(), agent_id).await?;
    let agent = agent.ok_or_else(|| Error::not_found(format!("Agent {agent_id} not found")))?;
    let queue = match &job {
        Some(job) => trigger::queue(ctx, job).await?,
        None => activities::any_queue(ctx).await?,
    };
    let mut metadata = Map::new();
    metadata.insert("trigger_type".into(), json!(body.trigger_type));
    if let Some(job) = &job {
        metadata.insert("job_id".into(), json!(job.id));
        metadata.insert("job_name".into(), json!(job.name));
    }
    if let Value::Object(given) = body.trigger_metadata {
        metadata.extend(given);
    }
    let start = Start {
        id: Some(id),
        agent_id,
        agent,
        queue,
        prompt: body.prompt,
        system_prompt: job.as_ref().and_then(|job| job.system_prompt.clone()),
        configuration: Map::new(),
        env: Map::new(),
        trigger_source: match body.trigger_type.as_str() {
            "webhook" => "job_webhook",
            "manual" => "job_manual",
            _ => "job_cron",
        },
        metadata,
        job_id: job.map(|job| JobId::stored(job.id)),
        parent: None,
    };
    accept(ctx, start, Terms::default()).await.map_err(|error| match error {
        Error::Conflict(_) => Error::conflict("Another execution has this id"),
        error => error,
    })?;
    // Its workflow runs already.
    ctx.plane().embedded.foreign_dispatched(ctx.org(), id).await?;
    Ok(id.to_string())
}

async fn job(ctx: &Ctx, text: &str) -> Result<jobs::entity::Model> {
    let absent =
        || Error::not_found(format!("Job {text} not found or does not belong to organization"));
    let id: JobId = text.parse().map_err(|_| absent())?;
    jobs::queries::job_get(ctx.read(), ctx.org(), &id).await?.ok_or_else(absent)
}
