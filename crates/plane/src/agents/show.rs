//! Agents as they are shown. However many there are, two queries fetch what belongs to them.

use std::collections::HashMap;

use drover_domain::{Result, rfc3339, timestamp};
use drover_store::agents::{entity, queries};
use drover_store::skills::Holder;
use drover_store::skills::queries::skills_held;
use drover_wire::agents::AgentResponse;
use drover_wire::environments::EnvironmentRef;
use drover_wire::skills::SkillSummary;
use serde_json::Value;
use uuid::Uuid;

use crate::ctx::Ctx;
use crate::{environments, skills};

/// Adds skills and environments to agents.
pub(super) async fn show(ctx: &Ctx, agents: Vec<entity::Model>) -> Result<Vec<AgentResponse>> {
    let ids: Vec<Uuid> = agents.iter().map(|agent| agent.id).collect();
    let mut held: HashMap<Uuid, Vec<SkillSummary>> = HashMap::new();
    for (given, skill) in skills_held(ctx.read(), ctx.org(), Holder::Agent, &ids).await? {
        let summary = skills::summary(&given, skill);
        held.entry(given.entity_id).or_default().extend(summary);
    }
    let mut assigned: HashMap<Uuid, Vec<EnvironmentRef>> = HashMap::new();
    for (agent, environment) in queries::environments_of_agents(ctx.read(), ctx.org(), &ids).await?
    {
        assigned.entry(agent.0).or_default().push(environments::reference(environment));
    }
    let show = |agent: entity::Model| {
        let skills = held.remove(&agent.id).unwrap_or_default();
        let environments = assigned.remove(&agent.id).unwrap_or_default();
        response(agent, skills, environments)
    };
    Ok(agents.into_iter().map(show).collect())
}

fn response(
    agent: entity::Model,
    skills: Vec<SkillSummary>,
    environments: Vec<EnvironmentRef>,
) -> AgentResponse {
    let at = |micros| rfc3339(timestamp(micros));
    let environment = Some(agent.execution_environment)
        .filter(|stored| *stored != Value::Object(Default::default()));
    AgentResponse {
        id: agent.id.to_string(),
        organization_id: agent.organization_id,
        name: agent.name,
        description: agent.description,
        system_prompt: agent.configuration["system_prompt"].as_str().map(str::to_owned),
        status: agent.status,
        capabilities: list(agent.capabilities),
        configuration: agent.configuration,
        model_id: agent.model_id.clone(),
        model: agent.model_id,
        llm_config: agent.llm_config,
        runtime: agent.runtime,
        runner_name: agent.runner_name,
        team_id: agent.team_id.map(|id| id.to_string()),
        created_at: at(agent.created_at),
        updated_at: at(agent.updated_at),
        last_active_at: agent.last_active_at.map(at),
        state: agent.state,
        error_message: agent.error_message,
        projects: Vec::new(),
        environment_ids: environments.iter().map(|environment| environment.id.clone()).collect(),
        environments,
        skill_ids: skills.iter().map(|skill| skill.id.clone()).collect(),
        skills,
        execution_environment: environment.and_then(|stored| serde_json::from_value(stored).ok()),
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}
