//! Changing an agent.

use axum::Json;
use drover_domain::identity::Action;
use drover_domain::{AgentId, Error, Patch, Result, SkillId, micros};
use drover_store::WriteSet;
use drover_store::agents::{entity, queries};
use drover_store::skills::Holder;
use drover_store::skills::queries::{association_override, associations_delete, skills_held};
use drover_wire::agents::{AgentResponse, AgentUpdate, SkillConfigurations};
use serde_json::{Map, Value};

use super::{TAKEN, get, links, runtime};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};
use crate::skills::settings;

/// Tries before somebody else's writes win.
const TRIES: usize = 20;

/// Changes an agent.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<AgentId>,
    Body(body): Body<AgentUpdate>,
) -> Reply<AgentResponse> {
    update(&ctx, id, &body).await?;
    Ok(Json(get::get(&ctx, id).await?))
}

/// Changes what the body mentions, all in one commit.
async fn update(ctx: &Ctx, id: AgentId, body: &AgentUpdate) -> Result<()> {
    if body.is_report() {
        return reported(ctx, id, body).await;
    }
    let role = ctx.identity().role;
    if !role.may(Action::Write) {
        let role = role.as_str();
        return Err(Error::Forbidden(format!("A key with role `{role}` may not do this")));
    }
    for _ in 1..TRIES {
        match attempt(ctx, id, body).await {
            Err(Error::Stale) => {}
            done => return done,
        }
    }
    attempt(ctx, id, body).await
}

/// How the agent does, as its worker says. No run depends on it, so nothing that is remembered does.
async fn reported(ctx: &Ctx, id: AgentId, body: &AgentUpdate) -> Result<()> {
    let report = queries::Report {
        status: some_text(&body.status).unwrap_or_else(|| "idle".to_owned()),
        state: body.state.as_value().cloned().map(Value::Object),
        error_message: some_text(&body.error_message),
    };
    let mut set = ctx.set();
    queries::agent_reported(&mut set, ctx.org(), id, report, micros(ctx.now()));
    ctx.write(set).await.map_err(|error| match error {
        Error::Stale => get::absent(),
        error => error,
    })
}

async fn attempt(ctx: &Ctx, id: AgentId, body: &AgentUpdate) -> Result<()> {
    let found = queries::agent_get(ctx.read(), ctx.org(), id).await?;
    let old = found.ok_or_else(get::absent)?;
    let read_at = old.updated_at;
    links::no_team(body.team_id.as_value().map(String::as_str))?;
    let mut agent = patched(old, body);
    agent.updated_at = micros(ctx.now()).max(read_at + 1);
    if body.runtime.is_present() || body.model_id.is_present() || body.model.is_present() {
        runtime::check(agent.runtime.as_deref(), agent.model_id.as_deref())?;
    }
    let mut set = ctx.set();
    queries::agent_update(&mut set, ctx.org(), agent, read_at, TAKEN);
    relink(ctx, &mut set, id, body).await?;
    ctx.audit(&mut set, "agents.update", id);
    set.changes_catalogue(ctx.org());
    ctx.write(set).await
}

/// Replaces the skills and environments that the body names.
async fn relink(ctx: &Ctx, set: &mut WriteSet, id: AgentId, body: &AgentUpdate) -> Result<()> {
    let overrides = body.skill_configurations.as_ref();
    match (body.skill_ids.as_deref(), overrides) {
        (Some([]), _) => {
            return Err(Error::refused(
                "Cannot remove all skills from an agent. At least one skill is required for agent \
                 functionality.",
            ));
        }
        (Some(given), _) => {
            let held = links::held(ctx, given, overrides).await?;
            associations_delete(set, ctx.org(), Holder::Agent, id.0);
            links::hold(ctx, set, id, held);
        }
        (None, Some(overrides)) => override_held(ctx, set, id, overrides).await?,
        (None, None) => {}
    }
    if let Some(given) = &body.environment_ids {
        let environments = links::environments(ctx, given).await?;
        queries::agent_environments_delete(set, ctx.org(), id);
        links::assign(ctx, set, id, environments);
    }
    Ok(())
}

/// Lays new settings over skills that the agent keeps.
async fn override_held(
    ctx: &Ctx,
    set: &mut WriteSet,
    id: AgentId,
    overrides: &SkillConfigurations,
) -> Result<()> {
    let mut overrides = links::by_skill(overrides);
    for (_, skill) in skills_held(ctx.read(), ctx.org(), Holder::Agent, &[id.0]).await? {
        let skill_id = SkillId(skill.id);
        if let Some(over) = overrides.remove(&skill_id) {
            settings::check(&skill.skill_type, &over, &format!("skill_configurations.{skill_id}"))?;
            let over = settings::without_nulls(over).into();
            association_override(set, ctx.org(), Holder::Agent, id.0, skill_id, over);
        }
    }
    Ok(())
}

fn patched(mut agent: entity::Model, body: &AgentUpdate) -> entity::Model {
    if let Patch::Value(name) = &body.name {
        agent.name.clone_from(name);
    }
    if let Some(status) = some_text(&body.status) {
        agent.status = status;
    }
    text(&body.description, &mut agent.description);
    text(&body.runner_name, &mut agent.runner_name);
    if body.team_id.is_present() {
        agent.team_id = None;
    }
    text(&body.model_id, &mut agent.model_id);
    if let Some(model) = some_text(&body.model) {
        agent.model_id = Some(model);
    }
    match &body.runtime {
        Patch::Null => agent.runtime = None,
        runtime => agent.runtime = some_text(runtime).or(agent.runtime),
    }
    object(&body.configuration, &mut agent.configuration);
    prompt(&body.system_prompt, &mut agent.configuration);
    object(&body.llm_config, &mut agent.llm_config);
    object(&body.state, &mut agent.state);
    match &body.capabilities {
        Patch::Absent => {}
        Patch::Null => agent.capabilities = Vec::<Value>::new().into(),
        Patch::Value(capabilities) => agent.capabilities = capabilities.clone().into(),
    }
    match &body.execution_environment {
        Patch::Absent => {}
        Patch::Null => agent.execution_environment = Map::new().into(),
        Patch::Value(given) => agent.execution_environment = given.stored(),
    }
    agent
}

/// A text that clears its column when it is empty: so Terraform removes an attribute.
fn text(patch: &Patch<String>, column: &mut Option<String>) {
    match patch {
        Patch::Absent => {}
        Patch::Null => *column = None,
        Patch::Value(text) => *column = Some(text.clone()).filter(|text| !text.is_empty()),
    }
}

/// A text that says nothing when it is empty.
fn some_text(patch: &Patch<String>) -> Option<String> {
    patch.as_value().filter(|text| !text.is_empty()).cloned()
}

fn object(patch: &Patch<Map<String, Value>>, column: &mut Value) {
    match patch {
        Patch::Absent => {}
        Patch::Null => *column = Map::new().into(),
        Patch::Value(object) => *column = object.clone().into(),
    }
}

/// The prompt is kept in the configuration, the given one or the one that stays.
fn prompt(patch: &Patch<String>, configuration: &mut Value) {
    let Value::Object(configuration) = configuration else {
        return;
    };
    match some_text(patch) {
        Some(prompt) => drop(configuration.insert("system_prompt".into(), prompt.into())),
        None if patch.is_present() => drop(configuration.remove("system_prompt")),
        None => {}
    }
}
