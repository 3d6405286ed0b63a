//! Between a job's row and its rules: the row as a draft, and a checked plan as a row.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drover_domain::jobs::{
    CronSpec, EntityType, JobDraft, JobPlan, PlanningMode, Trigger, TriggerType,
};
use drover_domain::{AgentId, JobId, Result, micros};
use drover_store::agents::queries::agent_get;
use drover_store::jobs::entity::Model;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::ctx::Ctx;

/// Bytes of a webhook's token: 22 characters. Its secret has 32 bytes, 43 characters.
const TOKEN_BYTES: usize = 16;

/// The row as its writer worded it.
pub fn draft(job: &Model) -> JobDraft {
    JobDraft {
        name: Some(job.name.clone()),
        description: job.description.clone(),
        enabled: Some(job.enabled),
        trigger_type: Some(job.trigger_type.clone()),
        cron_schedule: job.cron_schedule.clone(),
        cron_timezone: job.cron_timezone.clone(),
        planning_mode: Some(job.planning_mode.clone()),
        entity_type: job.entity_type.clone(),
        entity_id: job.entity_id.clone(),
        prompt_template: Some(job.prompt_template.clone()),
        system_prompt: job.system_prompt.clone(),
        executor_type: Some(job.executor_type.clone()),
        worker_queue_name: job.worker_queue_name.clone(),
        environment_name: job.environment_name.clone(),
        config: Some(job.config.clone()),
        execution_environment: job.execution_environment.clone(),
        ..JobDraft::default()
    }
}

/// The row of a new job of the caller, before a plan is laid over it.
pub fn blank(ctx: &Ctx) -> Model {
    let now = micros(ctx.now());
    Model {
        id: JobId::from_uuid(ctx.uuid()).to_string(),
        organization_id: ctx.org().to_string(),
        name: String::new(),
        description: None,
        enabled: false,
        trigger_type: String::new(),
        cron_schedule: None,
        cron_timezone: None,
        webhook_token: None,
        webhook_secret: None,
        planning_mode: String::new(),
        entity_type: None,
        entity_id: None,
        entity_name: None,
        prompt_template: String::new(),
        system_prompt: None,
        executor_type: String::new(),
        worker_queue_name: None,
        environment_name: None,
        config: Map::new().into(),
        execution_environment: None,
        next_execution_at: None,
        created_by: Some(ctx.identity().user_id.to_string()),
        created_by_email: Some(ctx.identity().email.clone()),
        updated_by: None,
        updated_by_email: None,
        created_at: now,
        updated_at: now,
    }
}

/// The row with a plan laid over it, and what follows from that: next fire, webhook, agent's name.
pub async fn with_plan(ctx: &Ctx, job: Model, plan: JobPlan) -> Result<Model> {
    let (webhook_token, webhook_secret) = webhook(ctx, &job, &plan.trigger).unzip();
    let entity_name = entity_name(ctx, &job, &plan).await?;
    let next_execution_at = next_fire(&job, &plan, ctx.now());
    Ok(Model {
        name: plan.name,
        description: plan.description,
        enabled: plan.enabled,
        trigger_type: plan.trigger.kind().as_str().to_owned(),
        cron_schedule: plan.cron_schedule,
        cron_timezone: Some(plan.cron_timezone),
        webhook_token,
        webhook_secret,
        planning_mode: plan.planning_mode.as_str().to_owned(),
        entity_type: plan.entity_type.map(|kind| kind.as_str().to_owned()),
        entity_id: plan.entity_id,
        entity_name,
        prompt_template: plan.prompt_template,
        system_prompt: plan.system_prompt,
        executor_type: plan.executor_type.as_str().to_owned(),
        worker_queue_name: plan.worker_queue_name,
        environment_name: plan.environment_name,
        config: plan.config.into(),
        execution_environment: plan.execution_environment.map(Value::Object),
        next_execution_at,
        ..job
    })
}

/// The row with the caller as its last writer. The instant always moves on: writes guard on it.
pub fn touched(ctx: &Ctx, job: Model) -> Model {
    Model {
        updated_by: Some(ctx.identity().user_id.to_string()),
        updated_by_email: Some(ctx.identity().email.clone()),
        updated_at: micros(ctx.now()).max(job.updated_at + 1),
        ..job
    }
}

/// The schedule of a cron job.
pub fn schedule(job: &Model) -> Option<CronSpec> {
    if job.trigger_type != TriggerType::Cron.as_str() {
        return None;
    }
    let zone = job.cron_timezone.as_deref().unwrap_or("UTC");
    CronSpec::parse(job.cron_schedule.as_deref()?, zone).ok()
}

/// Token and secret of a webhook job. Another trigger gives them up, so that an address which was
/// taken out of use never comes back to life.
fn webhook(ctx: &Ctx, job: &Model, trigger: &Trigger) -> Option<(String, String)> {
    if trigger.kind() != TriggerType::Webhook {
        return None;
    }
    let ids = &ctx.plane().ids;
    let kept = job.webhook_token.clone().zip(job.webhook_secret.clone());
    kept.or_else(|| {
        let token = URL_SAFE_NO_PAD.encode(&ids.secret_bytes()[..TOKEN_BYTES]);
        Some((token, URL_SAFE_NO_PAD.encode(ids.secret_bytes())))
    })
}

/// As long as the schedule is the same the next fire is too: a fire that is due and not yet claimed
/// must not be lost to a change of the name.
fn next_fire(job: &Model, plan: &JobPlan, now: Timestamp) -> Option<i64> {
    let same = job.enabled == plan.enabled
        && job.trigger_type == plan.trigger.kind().as_str()
        && job.cron_schedule == plan.cron_schedule
        && job.cron_timezone.as_deref() == Some(plan.cron_timezone.as_str());
    match job.next_execution_at {
        Some(at) if same => Some(at),
        _ => plan.next_fire(now).map(micros),
    }
}

/// The name of the agent that does the work. It is not an error if there is none: the name of one
/// that was deleted is kept, and that of another is not.
async fn entity_name(ctx: &Ctx, job: &Model, plan: &JobPlan) -> Result<Option<String>> {
    let agent = match (plan.entity_type, plan.planning_mode) {
        (Some(EntityType::Agent), _) | (None, PlanningMode::PredefinedAgent) => {
            plan.entity_id.as_deref().and_then(|id| id.parse::<AgentId>().ok())
        }
        _ => None,
    };
    let found = match agent {
        Some(id) => agent_get(ctx.read(), ctx.org(), id).await?,
        None => None,
    };
    let kind = plan.entity_type.map(EntityType::as_str);
    let same = job.entity_id == plan.entity_id && job.entity_type.as_deref() == kind;
    let kept = job.entity_name.clone().filter(|_| same);
    Ok(found.map(|agent| agent.name).or(kept))
}
