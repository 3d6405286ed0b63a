//! A job's row as it goes out, in both vocabularies (contract, clients, K8).

use drover_domain::identity::Action;
use drover_domain::jobs::{EntityType, JobStatus, PlanningMode, TriggerType};
use drover_domain::{ExecutionId, JobId, Result, micros, rfc3339, timestamp};
use drover_store::executions::queries::{JobCounts, job_counts};
use drover_store::jobs::entity::Model;
use drover_wire::jobs::{JobEnvironment, JobResponse};

use super::row;
use crate::ctx::Ctx;

/// The reply for a row, with how its runs went.
pub async fn reply_with_counts(ctx: &Ctx, job: Model) -> Result<JobResponse> {
    let id = JobId::stored(job.id.clone());
    let counts = job_counts(ctx.read(), ctx.org(), &id).await?;
    Ok(reply(ctx, job, counts))
}

/// The reply for a row.
pub fn reply(ctx: &Ctx, job: Model, counts: JobCounts) -> JobResponse {
    let time = |at: i64| rfc3339(timestamp(at));
    let next_execution_at = next_fire(ctx, &job).map(time);
    let last_execution_at = counts.last.map(|(_, at)| time(at));
    let path = job.webhook_token.as_deref().map(webhook_path);
    let is_cron = job.trigger_type == TriggerType::Cron.as_str();
    // Terraform compares it on every read, so it cannot be shown just once; who may not change the
    // job may not sign in its name either.
    let may_sign = ctx.identity().role.may(Action::Write);
    let of_kind = |kind| job.entity_id.clone().filter(|_| entity_type(&job) == Some(kind));
    JobResponse {
        agent_id: of_kind(EntityType::Agent.as_str()),
        team_id: of_kind(EntityType::Team.as_str()),
        schedule: job.cron_schedule.clone(),
        timezone: job.cron_timezone.clone(),
        prompt: job.prompt_template.clone(),
        last_run_at: last_execution_at.clone(),
        next_run_at: next_execution_at.clone(),
        status: JobStatus::of(job.enabled).as_str().to_owned(),
        webhook_url: path.as_ref().map(|path| format!("{}{path}", ctx.plane().settings.public_url)),
        webhook_path: path,
        webhook_secret: job.webhook_secret.filter(|_| may_sign),
        temporal_schedule_id: is_cron.then(|| format!("job-{}", job.id)),
        id: job.id,
        organization_id: job.organization_id,
        name: job.name,
        description: job.description,
        enabled: job.enabled,
        trigger_type: job.trigger_type,
        cron_schedule: job.cron_schedule,
        cron_timezone: job.cron_timezone,
        planning_mode: job.planning_mode,
        entity_type: job.entity_type,
        entity_id: job.entity_id,
        entity_name: job.entity_name,
        prompt_template: job.prompt_template,
        system_prompt: job.system_prompt,
        executor_type: job.executor_type,
        worker_queue_name: job.worker_queue_name,
        environment_name: job.environment_name,
        config: job.config,
        execution_environment: job.execution_environment.map(JobEnvironment::of_stored),
        last_execution_id: counts.last.map(|(id, _)| ExecutionId(id).to_string()),
        last_triggered_at: last_execution_at.clone(),
        last_execution_at,
        next_execution_at,
        total_executions: counts.total,
        successful_executions: counts.successful,
        failed_executions: counts.failed,
        execution_history: Vec::new(),
        created_by: job.created_by,
        created_by_email: job.created_by_email,
        updated_by: job.updated_by,
        updated_by_email: job.updated_by_email,
        created_at: time(job.created_at),
        updated_at: time(job.updated_at),
    }
}

/// Where the signed requests of a webhook job go, below the plane's address.
pub fn webhook_path(token: &str) -> String {
    format!("/api/v1/jobs/webhook/{token}")
}

/// A fire in the past is not the next one, whether or not it has been claimed yet.
fn next_fire(ctx: &Ctx, job: &Model) -> Option<i64> {
    let stored = job.next_execution_at?;
    if stored > micros(ctx.now()) {
        return Some(stored);
    }
    row::schedule(job)?.next_after(ctx.now()).map(micros)
}

/// What `entity_id` names: said, or meant by the planning mode.
fn entity_type(job: &Model) -> Option<&str> {
    let meant = match PlanningMode::parse(&job.planning_mode)? {
        PlanningMode::PredefinedAgent => Some(EntityType::Agent.as_str()),
        PlanningMode::PredefinedTeam => Some(EntityType::Team.as_str()),
        _ => None,
    };
    job.entity_type.as_deref().or(meant)
}
