//! An agent as a run needs it: one thing to remember instead of four tables to read.

use std::collections::BTreeMap;
use std::sync::Arc;

use drover_domain::activities::SkillGrant;
use drover_domain::{AgentId, OrgId, Result};
use drover_store::agents::queries;
use drover_store::environments;
use serde_json::{Map, Value};

use crate::plane::Plane;
use crate::skills;

/// An agent with its resolved skills.
#[derive(Debug, Clone)]
pub struct AgentSpec {
    /// Its name.
    pub name: String,
    /// Its model; `None` means the plane's default.
    pub model: Option<String>,
    /// What runs it: `default` or `claude_code`.
    pub runtime: Option<String>,
    /// Its instructions.
    pub system_prompt: Option<String>,
    /// Its `configuration`.
    pub configuration: Map<String, Value>,
    /// Its `llm_config`.
    pub llm_config: Value,
    /// What it may use.
    pub skills: Vec<SkillGrant>,
    /// Environment of its tools: its own, over that of its environments.
    pub env: BTreeMap<String, String>,
}

/// The agent, remembered until something of the organization's catalogue changes.
pub async fn agent(plane: &Plane, org: &OrgId, id: AgentId) -> Result<Option<Arc<AgentSpec>>> {
    let read = async {
        let spec = read(plane, org, id).await?;
        Ok(spec.map(|spec| (org.clone(), spec)))
    };
    plane.caches.agents.get_or_read(&(org.clone(), id), read).await
}

async fn read(plane: &Plane, org: &OrgId, id: AgentId) -> Result<Option<AgentSpec>> {
    let db = plane.store.reader();
    let Some(row) = queries::agent_get(db, org, id).await? else {
        return Ok(None);
    };
    let skills = skills::granted(db, org, id).await?;
    let environments = queries::environments_of_agents(db, org, &[id.0]).await?;
    let layers = layers(&environments, &row.execution_environment);
    let env = layers.flat_map(|layer| env_vars(&layer["env_vars"])).collect();
    let configuration = match row.configuration {
        Value::Object(configuration) => configuration,
        _ => Map::new(),
    };
    let prompt = configuration.get("system_prompt").and_then(Value::as_str);
    Ok(Some(AgentSpec {
        name: row.name,
        runtime: row.runtime,
        model: row.model_id.filter(|model| !model.is_empty()),
        system_prompt: prompt.filter(|prompt| !prompt.is_empty()).map(str::to_owned),
        llm_config: row.llm_config,
        skills,
        env,
        configuration,
    }))
}

/// What an agent's runs get, each layer over the one before: its environments in their order, then what
/// is its own (contract, workers §6).
pub(crate) fn layers<'a>(
    environments: &'a [(AgentId, environments::entity::Model)],
    own: &'a Value,
) -> impl Iterator<Item = &'a Value> {
    environments.iter().map(|(_, environment)| &environment.execution_environment).chain([own])
}

/// An object of strings as variables; anything else in it is passed over.
pub(crate) fn env_vars(value: &Value) -> BTreeMap<String, String> {
    let vars = value.as_object().into_iter().flatten();
    vars.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
