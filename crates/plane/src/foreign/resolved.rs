//! Showing what an agent's runs get, to the worker that runs them.

use std::collections::BTreeMap;

use axum::Json;
use drover_domain::{AgentId, Result};
use drover_store::agents::entity;
use drover_store::agents::queries::{agent_get, environments_of_agents};
use drover_wire::foreign::ResolvedEnvironment;
use serde_json::{Map, Value};

use crate::activities::{env_vars, layers};
use crate::agents;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Shows the variables alone.
pub async fn variables(
    Caller(ctx): Caller,
    Id(id): Id<AgentId>,
) -> Reply<BTreeMap<String, String>> {
    Ok(Json(resolved(&ctx, id).await?.env_vars))
}

/// Shows all of it.
pub async fn all(Caller(ctx): Caller, Id(id): Id<AgentId>) -> Reply<ResolvedEnvironment> {
    Ok(Json(resolved(&ctx, id).await?))
}

/// Its environments in their order, and over them what is its own.
async fn resolved(ctx: &Ctx, id: AgentId) -> Result<ResolvedEnvironment> {
    let agent = agent_get(ctx.read(), ctx.org(), id).await?.ok_or_else(agents::absent)?;
    let environments = environments_of_agents(ctx.read(), ctx.org(), &[id.0]).await?;
    let mut env_vars_of_all = BTreeMap::new();
    let mut mcp_servers = Map::new();
    for layer in layers(&environments, &agent.execution_environment) {
        env_vars_of_all.extend(env_vars(&layer["env_vars"]));
        let servers = layer["mcp_servers"].as_object().into_iter().flatten();
        mcp_servers.extend(servers.map(|(name, server)| (name.clone(), without_nulls(server))));
    }
    let dataset = environments.first().map(|(_, environment)| environment.name.clone());
    let entity::Model { configuration, description, .. } = agent;
    let configuration = match configuration {
        Value::Object(configuration) => configuration,
        _ => Map::new(),
    };
    Ok(ResolvedEnvironment {
        env_vars: env_vars_of_all,
        mcp_servers,
        system_prompt: configuration
            .get("system_prompt")
            .and_then(Value::as_str)
            .map(str::to_owned),
        description,
        configuration,
        files: Vec::new(),
        graph_api_url: None,
        dataset_name: dataset.unwrap_or_else(|| "default".to_owned()),
    })
}

/// What is not set is left out: a worker takes null for a setting.
fn without_nulls(server: &Value) -> Value {
    match server {
        Value::Object(fields) => {
            let set = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(set.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}
