//! From a lease to a task: everything the worker needs, nothing it has to ask for.

use std::collections::BTreeMap;
use std::sync::Arc;

use drover_domain::activities::{
    ActivityKind, ActivityTask, Failure, ModelTurn, Outcome, Retry, ToolCall, Work,
};
use drover_domain::executions::{EventKind, idempotency_key};
use drover_domain::messages::message_id;
use drover_domain::{AgentId, Result};
use drover_engine::{Leased, Offer, Run};
use drover_store::executions::log;
use serde_json::Value;

use super::agent::{AgentSpec, agent, env_vars};
use crate::plane::Plane;

/// A lease with its task.
pub struct LeasedTask {
    /// For reporting.
    pub leased: Leased,
    /// For executing.
    pub task: ActivityTask,
}

/// Makes an offer a lease with a task; `None` if it is no longer to be had, or if its run cannot go
/// on (its agent is gone) and has been ended.
pub async fn lease(plane: &Plane, offer: Offer) -> Result<Option<LeasedTask>> {
    let Some(mut leased) = plane.embedded.lease(offer).await? else {
        return Ok(None);
    };
    let Some(spec) = spec(plane, &leased.run).await? else {
        let message = "The agent of this run was deleted".to_owned();
        let failure = Outcome::Failed(Failure { message, retry: Retry::Never });
        plane.embedded.complete(&leased, failure).await?;
        return Ok(None);
    };
    let work = match leased.kind {
        ActivityKind::Turn => Work::ModelTurn(Box::new(turn(plane, &mut leased, &spec).await?)),
        ActivityKind::Tool => match tool(&leased, &spec) {
            Some(call) => Work::ToolCall(Box::new(call)),
            None => {
                let message = "The model's request for this call is not in the conversation";
                let failure = Failure { message: message.to_owned(), retry: Retry::Never };
                plane.embedded.complete(&leased, Outcome::Failed(failure)).await?;
                return Ok(None);
            }
        },
    };
    let task = ActivityTask {
        id: leased.id,
        execution_id: leased.run.id,
        organization: leased.run.organization.clone(),
        attempt: leased.attempt,
        idempotency_key: idempotency_key(&leased.run.id, leased.ordinal),
        work,
    };
    Ok(Some(LeasedTask { leased, task }))
}

async fn turn(plane: &Plane, leased: &mut Leased, spec: &AgentSpec) -> Result<ModelTurn> {
    let mut message_id = message_id(leased.run.id, "assistant", leased.turn);
    let mut already_streamed = String::new();
    if leased.attempt > 1 {
        (message_id, already_streamed) = streamed(plane, leased, message_id).await?;
    }
    Ok(ModelTurn {
        turn: leased.turn,
        message_id,
        model: spec.model.clone(),
        system_prompt: leased.run.system_prompt.clone().or_else(|| spec.system_prompt.clone()),
        messages: std::mem::take(&mut leased.messages),
        skills: spec.skills.clone(),
        llm_config: spec.llm_config.clone(),
        already_streamed,
    })
}

/// The variables that the tools of a run get: those of its agent, and over them its own.
pub async fn variables(plane: &Plane, run: &Run) -> Result<BTreeMap<String, String>> {
    let spec = spec(plane, run).await?;
    Ok(spec.map(|spec| env(run, &spec)).unwrap_or_default())
}

/// The agent of a run; `None` if it is gone.
async fn spec(plane: &Plane, run: &Run) -> Result<Option<Arc<AgentSpec>>> {
    match run.entity_id.parse::<AgentId>() {
        Ok(id) => agent(plane, &run.organization, id).await,
        Err(_) => Ok(None),
    }
}

fn env(run: &Run, spec: &AgentSpec) -> BTreeMap<String, String> {
    let mut env = spec.env.clone();
    env.extend(env_vars(&run.config["env"]));
    env
}

fn tool(leased: &Leased, spec: &AgentSpec) -> Option<ToolCall> {
    Some(ToolCall {
        turn: leased.turn,
        request: leased.request()?.clone(),
        tool_execution_id: leased.tool_execution_id(),
        skills: spec.skills.clone(),
        env: env(&leased.run, spec),
        survivor: leased.process,
    })
}

/// What an interrupted try of this turn has stored: the message it was writing, and its text.
async fn streamed(plane: &Plane, leased: &Leased, first: String) -> Result<(String, String)> {
    let id = leased.run.id;
    let prefix = format!("{id}_assistant_");
    let (mut message, mut text) = (first, String::new());
    let mut cursor = 0;
    loop {
        let events = log::event_list(plane.store.reader(), id, cursor, 500).await?;
        let Some(last) = events.last() else {
            return Ok((message, text));
        };
        cursor = last.seq;
        for event in &events {
            let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
            match event.kind {
                EventKind::MessageChunk => {
                    let of = data["m"].as_str().unwrap_or_default();
                    if message.strip_prefix(&prefix) == Some(of) {
                        text.push_str(data["c"].as_str().unwrap_or_default());
                    }
                }
                EventKind::MessageReset if data["message_id"] == message.as_str() => {
                    message = data["replaced_by"].as_str().unwrap_or_default().to_owned();
                    text.clear();
                }
                _ => {}
            }
        }
    }
}
