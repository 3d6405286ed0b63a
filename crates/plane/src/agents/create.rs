//! Making an agent.

use axum::Json;
use drover_domain::{AgentId, Error, Result, SkillId, micros};
use drover_store::agents::{entity, queries};
use drover_store::{WriteSet, skills};
use drover_wire::agents::{AgentCreate, AgentResponse};
use serde_json::{Map, Value};

use super::links::{self, Held};
use super::{TAKEN, get, runtime};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller};

/// Tries before somebody else's writes win.
const TRIES: usize = 20;

/// Makes an agent.
pub async fn handler(Caller(ctx): Caller, Body(body): Body<AgentCreate>) -> Reply<AgentResponse> {
    let id = create(&ctx, &body).await?;
    Ok(Json(get::get(&ctx, id).await?))
}

/// Makes an agent with its skills and environments in one commit. One that names no skill gets the
/// organization's shell.
pub(super) async fn create(ctx: &Ctx, body: &AgentCreate) -> Result<AgentId> {
    links::no_team(body.team_id.as_deref())?;
    runtime::check(body.runtime.as_deref(), model(body))?;
    for _ in 1..TRIES {
        // Stale: what it refers to went away, or another agent's creation made the shell first.
        match attempt(ctx, body).await {
            Err(Error::Stale) => {}
            done => return done,
        }
    }
    attempt(ctx, body).await
}

async fn attempt(ctx: &Ctx, body: &AgentCreate) -> Result<AgentId> {
    let mut set = ctx.set();
    let held = match body.skill_ids.as_deref() {
        Some(given @ [_, ..]) => {
            links::held(ctx, given, body.skill_configurations.as_ref()).await?
        }
        _ => vec![Held { skill: shell(ctx, &mut set).await?, over: Map::new() }],
    };
    let given = body.environment_ids.as_deref().unwrap_or_default();
    let environments = links::environments(ctx, given).await?;
    let agent = row(ctx, body);
    let id = AgentId(agent.id);
    queries::agent_insert(&mut set, agent, TAKEN);
    links::hold(ctx, &mut set, id, held);
    links::assign(ctx, &mut set, id, environments);
    ctx.audit(&mut set, "agents.create", id);
    set.changes_catalogue(ctx.org());
    ctx.write(set).await?;
    Ok(id)
}

fn row(ctx: &Ctx, body: &AgentCreate) -> entity::Model {
    let now = micros(ctx.now());
    let mut configuration = body.configuration.clone().unwrap_or_default();
    if let Some(prompt) = &body.system_prompt {
        configuration.insert("system_prompt".into(), prompt.as_str().into());
    }
    let environment = body.execution_environment.as_ref();
    entity::Model {
        id: ctx.uuid(),
        organization_id: ctx.org().to_string(),
        name: body.name.clone(),
        description: body.description.clone(),
        status: "idle".into(),
        capabilities: body.capabilities.clone().unwrap_or_default().into(),
        configuration: configuration.into(),
        model_id: model(body).map(str::to_owned),
        llm_config: body.llm_config.clone().unwrap_or_default().into(),
        runtime: body.runtime.clone().filter(|runtime| !runtime.is_empty()),
        runner_name: body.runner_name.clone(),
        team_id: None,
        state: Map::new().into(),
        error_message: None,
        execution_environment: environment
            .map_or_else(|| Map::new().into(), |given| given.stored()),
        last_active_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// The model under either name; `model` wins.
fn model(body: &AgentCreate) -> Option<&str> {
    let model = body.model.as_deref().filter(|model| !model.is_empty());
    model.or(body.model_id.as_deref())
}

/// The organization's first enabled shell, which is made if there is none.
async fn shell(ctx: &Ctx, set: &mut WriteSet) -> Result<SkillId> {
    // Read before the shell is looked for, so that one made meanwhile is found, not taken for a clash.
    let named = skills::queries::skill_by_name(ctx.read(), ctx.org(), "Shell").await?;
    let first = skills::queries::skill_first_enabled(ctx.read(), ctx.org(), "shell").await?;
    if let Some(shell) = first {
        return Ok(SkillId(shell.id));
    }
    // Its name is used by a skill that is disabled or something else: then the choice is not ours.
    if named.is_some() {
        return Err(Error::refused("At least one skill is required for agent functionality."));
    }
    let now = micros(ctx.now());
    let shell = skills::entity::Model {
        id: ctx.uuid(),
        organization_id: ctx.org().to_string(),
        name: "Shell".into(),
        skill_type: "shell".into(),
        description: None,
        icon: "Terminal".into(),
        enabled: true,
        configuration: Value::Object(Map::new()),
        created_at: now,
        updated_at: now,
    };
    let id = SkillId(shell.id);
    skills::queries::skill_insert_if_free(set, shell);
    ctx.audit(set, "skills.create", id);
    Ok(id)
}
