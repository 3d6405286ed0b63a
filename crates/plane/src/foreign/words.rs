//! What the workflow of a foreign worker begins with, and what it is told (contract, worker protocol
//! §3, §4). No key is in it: it would stay in a history.

use std::sync::Weak;

use async_trait::async_trait;
use drover_domain::{AgentId, Error, ExecutionId, OrgId, Result, rfc3339, timestamp};
use drover_engine::ForeignWords;
use drover_store::executions::queries::execution_get;
use serde_json::{Map, Value, json};

use crate::activities::agent;
use crate::plane::Plane;

/// The words for runs of this plane.
pub struct Words(pub Weak<Plane>);

#[async_trait]
impl ForeignWords for Words {
    async fn begin(&self, org: &OrgId, id: ExecutionId) -> Result<Option<Value>> {
        let plane = self.0.upgrade().ok_or_else(stopping)?;
        let Some(row) = execution_get(plane.store.reader(), org, id).await? else {
            return Ok(None);
        };
        let Ok(agent_id) = row.entity_id.parse::<AgentId>() else {
            return Ok(None);
        };
        let Some(spec) = agent(&plane, org, agent_id).await? else {
            return Ok(None);
        };
        let own = row.system_prompt.as_deref().or(spec.system_prompt.as_deref());
        let system_prompt = plane.embedded.foreign_instructions(org, id, own).await?;
        let mut user = Map::new();
        for (key, value) in [
            ("user_id", &row.user_id),
            ("user_name", &row.user_name),
            ("user_email", &row.user_email),
            ("job_id", &row.job_id),
        ] {
            if let Some(value) = value {
                user.insert(key.to_owned(), json!(value));
            }
        }
        user.insert("agent_name".to_owned(), json!(spec.name));
        user.insert("session_id".to_owned(), json!(id));
        user.insert("trigger_type".to_owned(), json!(row.trigger_source));
        Ok(Some(json!({
            "execution_id": id, "agent_id": agent_id, "organization_id": org.as_str(),
            "prompt": row.prompt, "system_prompt": system_prompt, "model_id": spec.model,
            "model_config": {}, "agent_config": spec.configuration, "mcp_servers": {},
            "user_metadata": user, "runtime_type": spec.runtime.as_deref().unwrap_or("default"),
            "initial_message_timestamp": rfc3339(timestamp(row.created_at)),
        })))
    }

    async fn message(&self, org: &OrgId, id: ExecutionId) -> Result<Option<Value>> {
        let plane = self.0.upgrade().ok_or_else(stopping)?;
        let message = match plane.embedded.foreign_message(org, id).await {
            Err(Error::NotFound(_)) => None,
            message => message?,
        };
        // The default runtime keeps no conversation of its own (contract, worker protocol §13.3).
        Ok(message.map(|message| {
            json!({
                "role": "user", "content": message.with_memory,
                "timestamp": rfc3339(timestamp(message.stored.at)),
                "message_id": message.stored.message_id, "user_id": message.stored.user_id,
                "user_name": message.stored.user_name, "user_email": message.stored.user_email,
            })
        }))
    }
}

fn stopping() -> Error {
    Error::Unavailable("The plane is shutting down".into())
}
