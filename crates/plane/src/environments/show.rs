//! Environments as they are shown. However many there are, one query fetches their skills.

use std::collections::HashMap;

use drover_domain::{Result, rfc3339, timestamp};
use drover_store::environments::entity;
use drover_store::skills::Holder;
use drover_store::skills::queries::skills_held;
use drover_wire::environments::{EnvironmentRef, EnvironmentResponse, ExecutionEnvironment};
use drover_wire::skills::SkillSummary;
use serde_json::Value;
use uuid::Uuid;

use crate::ctx::Ctx;
use crate::skills;

/// Adds skills to environments.
pub(super) async fn show(
    ctx: &Ctx,
    environments: Vec<entity::Model>,
) -> Result<Vec<EnvironmentResponse>> {
    let ids: Vec<Uuid> = environments.iter().map(|environment| environment.id).collect();
    let mut held: HashMap<Uuid, Vec<SkillSummary>> = HashMap::new();
    for (given, skill) in skills_held(ctx.read(), ctx.org(), Holder::Environment, &ids).await? {
        let summary = skills::summary(&given, skill);
        held.entry(given.entity_id).or_default().extend(summary);
    }
    let show = |environment: entity::Model| {
        let skills = held.remove(&environment.id).unwrap_or_default();
        response(environment, skills)
    };
    Ok(environments.into_iter().map(show).collect())
}

/// An environment with its skills.
pub(super) fn response(
    environment: entity::Model,
    skills: Vec<SkillSummary>,
) -> EnvironmentResponse {
    let stored = environment.execution_environment;
    let runs_get: ExecutionEnvironment = serde_json::from_value(stored.clone()).unwrap_or_default();
    EnvironmentResponse {
        id: environment.id.to_string(),
        organization_id: environment.organization_id,
        name: environment.name,
        display_name: environment.display_name,
        description: environment.description,
        tags: words(environment.tags),
        configuration: environment.settings.clone(),
        settings: environment.settings,
        status: environment.status,
        created_at: rfc3339(timestamp(environment.created_at)),
        updated_at: rfc3339(timestamp(environment.updated_at)),
        created_by: environment.created_by,
        worker_token: None,
        provisioning_workflow_id: None,
        provisioned_at: None,
        error_message: None,
        temporal_namespace_id: None,
        active_workers: 0,
        idle_workers: 0,
        busy_workers: 0,
        skill_ids: skills.iter().map(|skill| skill.id.clone()).collect(),
        skills,
        execution_environment: stored,
        variables: runs_get.env_vars,
        secrets: runs_get.secrets,
        integrations: runs_get.integration_ids,
    }
}

/// An environment as an agent shows it.
pub(crate) fn reference(environment: entity::Model) -> EnvironmentRef {
    EnvironmentRef {
        id: environment.id.to_string(),
        name: environment.name,
        display_name: environment.display_name,
        status: environment.status,
    }
}

fn words(tags: Value) -> Vec<String> {
    serde_json::from_value(tags).unwrap_or_default()
}
