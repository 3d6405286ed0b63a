//! Accepting a run: the one way into the engine, for triggers and for `execute`.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use drover_domain::executions::{EventKind, Limits, Status, StoredEvent};
use drover_domain::messages::Message;
use drover_domain::{AgentId, Error, ExecutionId, JobId, Result, Violation, micros};
use drover_engine::{NewRun, Watch};
use drover_store::executions::{entity, queries};
use drover_store::messages;
use drover_wire::executions::ExecutionReply;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::view;
use crate::activities::AgentSpec;
use crate::ctx::Ctx;

/// A run about to be accepted.
pub struct Start {
    /// The id that it gets; a new one if it is not given.
    pub id: Option<ExecutionId>,
    /// Who runs it.
    pub agent_id: AgentId,
    /// The agent as it is now.
    pub agent: Arc<AgentSpec>,
    /// Where its activities go.
    pub queue: Arc<drover_store::queues::entity::Model>,
    /// What is asked, placeholders filled.
    pub prompt: String,
    /// Instructions of this run.
    pub system_prompt: Option<String>,
    /// Configuration of this run over the agent's.
    pub configuration: Map<String, Value>,
    /// Environment of its tools over the agent's.
    pub env: Map<String, Value>,
    /// `api`, `job_manual`, …
    pub trigger_source: &'static str,
    /// Free-form, shown on the run.
    pub metadata: Map<String, Value>,
    /// The job it is a run of.
    pub job_id: Option<JobId>,
    /// The run whose conversation it continues.
    pub parent: Option<ExecutionId>,
}

/// What a request says about how it is to be accepted.
#[derive(Debug, Default)]
pub struct Terms {
    /// SHA-256 of operation, target and `Idempotency-Key`; SHA-256 of the request.
    key: Option<(Vec<u8>, Vec<u8>)>,
    /// `Prefer: wait=N`.
    wait: Option<Duration>,
}

/// An accepted run.
pub struct Accepted {
    /// Its id.
    pub id: ExecutionId,
    /// The finished run, where the caller waited and it finished.
    pub execution: Option<Box<ExecutionReply>>,
}

impl Terms {
    /// Reads the headers. `operation` and `target` keep the same key apart for different things.
    pub fn read(
        ctx: &Ctx,
        headers: &HeaderMap,
        operation: &str,
        target: &str,
        request: &Value,
    ) -> Result<Self> {
        let key = match headers.get("idempotency-key") {
            None => None,
            Some(value) => {
                let bytes = value.as_bytes();
                if bytes.is_empty() || bytes.len() > 255 {
                    return Err(header_violation("Idempotency-Key", "1 to 255 characters"));
                }
                let key = [operation.as_bytes(), b"\0", target.as_bytes(), b"\0", bytes].concat();
                let request = Sha256::digest(request.to_string().as_bytes());
                Some((Sha256::digest(key).to_vec(), request.to_vec()))
            }
        };
        let wait = wait(headers).map(|wait| wait.min(ctx.plane().settings.max_wait));
        Ok(Self { key, wait })
    }

    /// The run that an earlier request with the same key made.
    pub async fn replayed(&self, ctx: &Ctx) -> Result<Option<Accepted>> {
        let Some((key, request)) = &self.key else {
            return Ok(None);
        };
        let Some(row) = queries::execution_by_key(ctx.read(), ctx.org(), key).await? else {
            return Ok(None);
        };
        if row.request_hash.as_ref() != Some(request) {
            return Err(header_violation(
                "Idempotency-Key",
                "unused, or sent with the same request",
            ));
        }
        let id = ExecutionId(row.id);
        let execution = wait_again(ctx, id, self.wait).await?;
        Ok(Some(Accepted { id, execution }))
    }
}

/// Accepts a run; answers after it is on disk, and, if the caller waits, after it has ended.
pub async fn accept(ctx: &Ctx, start: Start, terms: Terms) -> Result<Accepted> {
    let id = start.id.unwrap_or_else(|| ExecutionId(ctx.uuid()));
    let history = match start.parent {
        Some(parent) => history(ctx, parent).await?,
        None => Vec::new(),
    };
    let run = new_run(ctx, id, start, &terms, history);
    let waiting = terms.wait.map(|wait| (wait, ctx.plane().hub.watch(id), run.row.clone()));
    let mut set = ctx.set();
    ctx.plane().engine.start(&mut set, run)?;
    match ctx.write(set).await {
        Ok(()) => {}
        // Two requests with one key at once: the other was first.
        Err(Error::Conflict(text)) => {
            return terms.replayed(ctx).await?.ok_or(Error::Conflict(text));
        }
        Err(error) => return Err(error),
    }
    metrics::counter!("drover_executions_accepted_total").increment(1);
    let execution = match waiting {
        Some((wait, watch, row)) => wait_for_end(ctx, row, wait, watch).await?,
        None => None,
    };
    Ok(Accepted { id, execution })
}

fn new_run(
    ctx: &Ctx,
    id: ExecutionId,
    start: Start,
    terms: &Terms,
    history: Vec<Message>,
) -> NewRun {
    let (agent, queue) = (start.agent, start.queue);
    let now = micros(ctx.now());
    let configuration = drover_domain::skills::merge(&agent.configuration, &start.configuration);
    let configuration = Value::Object(configuration);
    let limits = Limits::from_configuration(&configuration);
    let is_true = |value: Option<&Value>| value.and_then(Value::as_bool) == Some(true);
    let interactive = is_true(start.metadata.get("interactive"))
        || (start.job_id.is_none() && is_true(configuration.get("interactive")));
    let identity = ctx.identity();
    let (idempotency_key, request_hash) = terms.key.clone().unzip();
    let row = entity::Model {
        id: id.0,
        organization_id: ctx.org().to_string(),
        execution_type: "AGENT".to_owned(),
        entity_id: start.agent_id.to_string(),
        entity_name: Some(agent.name.clone()),
        runner_name: queue.name.clone(),
        user_id: Some(identity.user_id.to_string()),
        user_email: Some(identity.email.clone()),
        user_name: Some(identity.name.clone()),
        trigger_source: start.trigger_source.to_owned(),
        job_id: start.job_id.map(|job| job.to_string()),
        parent_execution_id: start.parent.map(|parent| parent.0),
        worker_queue_id: queue.id,
        idempotency_key,
        request_hash,
        prompt: start.prompt,
        system_prompt: start.system_prompt,
        config: json!({"configuration": start.configuration, "env": start.env}),
        status: Status::Pending.as_str().to_owned(),
        response: None,
        error_message: None,
        usage: json!({}),
        execution_metadata: Value::Object(start.metadata),
        flow: String::new(),
        version: 0,
        created_at: now,
        started_at: None,
        completed_at: None,
        updated_at: now,
    };
    NewRun { row, limits, interactive, history, speaker: ctx.speaker() }
}

/// The conversation of a parent, as the beginning of a new one.
async fn history(ctx: &Ctx, parent: ExecutionId) -> Result<Vec<Message>> {
    let invalid = || {
        let rule = "Input should be an execution of this organization";
        Error::invalid("parent_execution_id", "value_error", rule)
    };
    let row = queries::execution_get(ctx.read(), ctx.org(), parent).await?;
    row.ok_or_else(invalid)?;
    let mut messages = messages::queries::conversation(ctx.read(), ctx.org(), parent).await?;
    // The child numbers its own first message `_user_1`, as the parent did.
    for message in &mut messages {
        message.message_id = format!("parent_{}", message.message_id);
    }
    Ok(messages)
}

/// Waits for the end of a run that an earlier request made.
async fn wait_again(
    ctx: &Ctx,
    id: ExecutionId,
    wait: Option<Duration>,
) -> Result<Option<Box<ExecutionReply>>> {
    let Some(wait) = wait else {
        return Ok(None);
    };
    let watch = ctx.plane().hub.watch(id);
    // After the watch, so that an end in between is not missed.
    let row = super::get::get(ctx, id).await?;
    wait_for_end(ctx, row, wait, watch).await
}

/// Waits for the end of a run; `row` is the run at some time after the watch began, or before its
/// accept. What happens to it is in the log, so nothing is read again.
async fn wait_for_end(
    ctx: &Ctx,
    mut row: entity::Model,
    wait: Duration,
    mut watch: Watch,
) -> Result<Option<Box<ExecutionReply>>> {
    let ended = |row: &entity::Model| Status::parse(&row.status).is_some_and(Status::is_terminal);
    let deadline = tokio::time::sleep(wait);
    tokio::pin!(deadline);
    let mut last = None;
    while !ended(&row) {
        let events = tokio::select! {
            events = watch.next() => events,
            () = &mut deadline => return Ok(None),
            () = ctx.plane().stopping.cancelled() => return Ok(None),
        };
        let follows = |seq: i64| last.is_none_or(|last| seq <= last + 1);
        match events.filter(|events| events.first().is_some_and(|first| follows(first.seq))) {
            Some(events) => {
                events.iter().for_each(|event| follow(&mut row, event));
                last = events.last().map(|event| event.seq);
            }
            // Fell behind, or something was committed elsewhere in between: the row tells.
            None => row = super::get::get(ctx, ExecutionId(row.id)).await?,
        }
    }
    Ok(Some(Box::new(view::reply(ctx.plane(), row))))
}

/// Brings a row up to date with an entry of its log.
fn follow(row: &mut entity::Model, event: &StoredEvent) {
    let at = micros(event.at);
    let data: Value = match event.kind {
        EventKind::Status | EventKind::Done | EventKind::Error => {
            serde_json::from_str(&event.data).unwrap_or_default()
        }
        _ => return,
    };
    let text = |field: &str| data[field].as_str().map(str::to_owned);
    row.updated_at = at;
    if event.kind.is_terminal() {
        row.completed_at = Some(at);
        row.response = text("response");
        row.error_message = text("error");
        row.usage = data["usage"].clone();
        row.status = text("status").unwrap_or_default();
    } else if data["status"] == Status::Running.as_str() {
        row.started_at = row.started_at.or(Some(at));
    }
}

/// The `wait` preference (RFC 7240, §4.3), in seconds; anything else of the header is passed over.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .find_map(|one| one.trim().strip_prefix("wait=")?.trim().parse().ok())
        .map(Duration::from_secs)
        .filter(|wait| !wait.is_zero())
}

fn header_violation(name: &str, rule: &str) -> Error {
    Error::Invalid(vec![Violation {
        loc: vec!["header".into(), name.into()],
        message: format!("Value should be {rule}"),
        kind: "value_error",
    }])
}
