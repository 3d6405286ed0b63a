//! Starts a run of a job now. The main job of the whole program.

use std::sync::Arc;

use axum::Json;
use axum::extract::Path;
use axum::http::HeaderMap;
use drover_domain::jobs::{self, EntityType, ExecutorType, PlanningMode};
use drover_domain::{AgentId, Error, JobId, Result};
use drover_store::jobs::{entity, queries};
use drover_wire::jobs::{JobTriggerReply, TriggerJob};
use serde_json::{Map, Value, json};

use crate::activities;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::accept::{self, Accepted, Start, Terms};
use crate::executions::view::workflow_id;
use crate::extract::{Body, Caller};

/// Answers after the run is on disk.
pub async fn handler(
    Caller(ctx): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body<TriggerJob>,
) -> Reply<JobTriggerReply> {
    let request = json!({"parameters": body.parameters, "config_override": body.config_override});
    let terms = Terms::read(&ctx, &headers, "trigger", &id, &request)?;
    Ok(Json(trigger(&ctx, &id, body, terms).await?))
}

async fn trigger(ctx: &Ctx, id: &str, body: TriggerJob, terms: Terms) -> Result<JobTriggerReply> {
    let job = job(ctx, id).await?;
    if let Some(replayed) = terms.replayed(ctx).await? {
        return Ok(started(&job, replayed));
    }
    if !job.enabled {
        return Err(Error::refused("Job is disabled"));
    }
    let agent_id = runnable_agent(&job)?;
    let prompt = jobs::fill(&job.prompt_template, &body.parameters)?;
    let agent = activities::agent(ctx.plane(), ctx.org(), agent_id).await?.ok_or_else(|| {
        Error::refused(format!("The job's agent {agent_id} does not exist; set `entity_id`"))
    })?;
    let queue = queue(ctx, &job).await?;
    let configuration = configuration(&job.config, body.config_override);
    let identity = ctx.identity();
    let metadata = json!({
        "job_id": job.id, "job_name": job.name, "trigger_type": "manual",
        "triggered_by": identity.email, "user_id": identity.user_id,
        "user_email": identity.email, "user_name": identity.name,
        "parameters": body.parameters,
    });
    let env = job.execution_environment.as_ref().and_then(|env| env["env_vars"].as_object());
    let start = Start {
        id: None,
        agent_id,
        agent,
        queue,
        prompt,
        system_prompt: job.system_prompt.clone().filter(|prompt| !prompt.is_empty()),
        configuration,
        env: env.cloned().unwrap_or_default(),
        trigger_source: "job_manual",
        metadata: into_map(metadata),
        job_id: Some(JobId::stored(job.id.clone())),
        parent: None,
    };
    Ok(started(&job, accept::accept(ctx, start, terms).await?))
}

async fn job(ctx: &Ctx, text: &str) -> Result<Arc<entity::Model>> {
    let not_found = || Error::not_found(format!("Job {text} not found"));
    let id: JobId = text.parse().map_err(|_| not_found())?;
    let read = async {
        let row = queries::job_get(ctx.read(), ctx.org(), &id).await?;
        Ok(row.map(|row| (ctx.org().clone(), row)))
    };
    let key = (ctx.org().clone(), id.clone());
    ctx.plane().caches.jobs.get_or_read(&key, read).await?.ok_or_else(not_found)
}

fn runnable_agent(job: &entity::Model) -> Result<AgentId> {
    let mode = PlanningMode::parse(&job.planning_mode)
        .ok_or_else(|| Error::fault("read a job", "unknown planning mode"))?;
    let kind = job.entity_type.as_deref().and_then(EntityType::parse);
    jobs::runnable(mode, kind)?;
    let id = job.entity_id.as_deref().unwrap_or_default();
    id.parse().map_err(|_| {
        Error::refused(format!("The job's agent `{id}` does not exist; set `entity_id`"))
    })
}

/// The queue that a job's runs go to.
pub(crate) async fn queue(
    ctx: &Ctx,
    job: &entity::Model,
) -> Result<Arc<drover_store::queues::entity::Model>> {
    let queue = match ExecutorType::parse(&job.executor_type) {
        Some(ExecutorType::SpecificQueue) => {
            let name = job.worker_queue_name.as_deref().unwrap_or_default();
            let queue = activities::queue(ctx, name).await?;
            queue.ok_or_else(|| Error::refused(format!("Worker queue `{name}` does not exist")))?
        }
        Some(ExecutorType::Environment) => {
            activities::queue_of_environment(
                ctx,
                job.environment_name.as_deref().unwrap_or_default(),
            )
            .await?
        }
        _ => activities::any_queue(ctx).await?,
    };
    if queue.status == "active" {
        Ok(queue)
    } else {
        Err(Error::refused(format!("Worker queue `{}` is not active", queue.name)))
    }
}

/// The job's configuration with this run's laid over it, by top-level key.
fn configuration(job: &Value, over: Option<Map<String, Value>>) -> Map<String, Value> {
    let base = job.as_object().cloned().unwrap_or_default();
    drover_domain::skills::merge(&base, &over.unwrap_or_default())
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn started(job: &entity::Model, accepted: Accepted) -> JobTriggerReply {
    JobTriggerReply {
        job_id: job.id.clone(),
        execution_id: accepted.id.to_string(),
        workflow_id: workflow_id("agent", accepted.id),
        status: "started".into(),
        message: "Job execution started successfully".into(),
        execution: accepted.execution,
    }
}
