//! What the reference's worker asks and reports (contract, worker-protocol, workers §2.1, §6).
//! Not here: its turns and tool calls (`analytics`), its events (`executions`), its signs of life
//! (`workers`).

use std::collections::BTreeMap;

use drover_domain::WorkerId;
use drover_domain::executions::Status;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::check::{Check, MAX_ITEMS, Violations};
use crate::executions::ExecutionReply;
use crate::workers::{WorkerHeartbeatSimple, WorkerSystemInfo};
use crate::{NoQuery, Nothing, operations};

/// The longest answer of a run, in bytes.
const MAX_RESPONSE: usize = 4 * 1024 * 1024;

/// A worker that is about to poll Temporal.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct WorkerStartRequest {
    /// Its version.
    pub worker_sdk_version: Option<String>,
    /// Its machine.
    pub system_info: Option<WorkerSystemInfo>,
    /// The address under which it reached this plane.
    pub control_plane_url: Option<String>,
}

impl Check for WorkerStartRequest {
    fn check(&self, violations: &mut Violations) {
        let version = self.worker_sdk_version.as_deref();
        violations.optional_text("worker_sdk_version", version, 64);
        violations.optional_text("control_plane_url", self.control_plane_url.as_deref(), 2048);
        if let Some(url) = self.control_plane_url.as_deref()
            && !url.starts_with("http://")
            && !url.starts_with("https://")
        {
            let rule = "URL should begin with http:// or https://";
            violations.add("control_plane_url", "url_scheme", rule);
        }
        if let Some(system_info) = &self.system_info {
            system_info.check(violations);
        }
    }
}

/// What a worker needs to know to begin. The first seven it cannot do without.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerStartResponse {
    /// Names the worker from now on.
    pub worker_id: String,
    /// The queue's id: the task queue that it polls.
    pub task_queue_name: String,
    /// The namespace of Temporal.
    pub temporal_namespace: String,
    /// The address of Temporal.
    pub temporal_host: String,
    /// The key for Temporal; empty if it wants none.
    pub temporal_api_key: String,
    /// Whose it is.
    pub organization_id: String,
    /// The plane, as the worker is to reach it.
    pub control_plane_url: String,
    /// Seconds between its signs of life.
    pub heartbeat_interval: i32,
    /// Where it asks models, in OpenAI's format; empty if the plane has nothing to say about it.
    pub litellm_api_url: String,
    /// The key for that; empty if there is none.
    pub litellm_api_key: String,
    /// The queue's name.
    pub queue_name: String,
    /// The name of the queue's environment.
    pub environment_name: String,
    /// The queue.
    pub queue_id: String,
    /// Whether the queue goes with its last worker.
    pub queue_ephemeral: bool,
    /// Whether the worker leaves after one run.
    pub queue_single_execution: bool,
    /// None: events come over HTTP or the WebSocket.
    pub redis_url: Option<String>,
    /// None.
    pub redis_password: Option<String>,
    /// Whether there is Redis: no.
    pub redis_enabled: bool,
    /// Whether the plane takes the worker's WebSocket.
    pub websocket_enabled: bool,
    /// Where.
    pub websocket_url: Option<String>,
    /// What can be said over it.
    pub websocket_features: Vec<String>,
    /// None.
    #[schema(value_type = Option<Object>)]
    pub nats_config: Option<Value>,
    /// The plane's version.
    pub control_plane_sdk_version: String,
}

/// A worker that comes as older ones do: for an environment, not for a queue.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct WorkerRegistrationRequest {
    /// The environment; `<organization>.<name>` is taken too. One that is not there is made.
    pub environment_name: String,
    /// Its machine.
    pub hostname: Option<String>,
    /// What it says of itself.
    #[schema(value_type = Option<Object>)]
    pub worker_metadata: Option<Value>,
}

impl Check for WorkerRegistrationRequest {
    fn check(&self, violations: &mut Violations) {
        violations.text("environment_name", &self.environment_name, 2, 355);
        violations.optional_text("hostname", self.hostname.as_deref(), 4096);
        if let Some(metadata) = &self.worker_metadata {
            violations.object("worker_metadata", metadata);
        }
    }
}

/// What such a worker needs to know first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerRegistrationResponse {
    /// Names the worker from now on.
    pub worker_id: String,
    /// Always empty: a worker has an API key, and no token beside it.
    pub worker_token: String,
    /// `<organization>.<environment>`.
    pub environment_name: String,
    /// The id of the queue that it was given: the task queue that it polls.
    pub task_queue_name: String,
    /// The namespace of Temporal.
    pub temporal_namespace: String,
    /// The address of Temporal.
    pub temporal_host: String,
    /// The key for Temporal; empty if it wants none.
    pub temporal_api_key: String,
    /// Whose it is.
    pub organization_id: String,
    /// The plane.
    pub control_plane_url: String,
}

/// A sign of life, as older workers give it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerHeartbeatRequest {
    /// The worker.
    #[schema(value_type = String)]
    pub worker_id: WorkerId,
    /// The environment that it registered for.
    pub environment_name: String,
    /// `active`, `idle` or `busy`.
    #[serde(default)]
    pub status: Option<String>,
    /// Tasks it has finished.
    #[serde(default)]
    pub tasks_processed: Option<i64>,
    /// What it does at the moment.
    #[serde(default)]
    pub current_task_id: Option<String>,
    /// What it says of itself.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub worker_metadata: Option<Value>,
}

impl WorkerHeartbeatRequest {
    /// The same as others give it.
    pub fn sign(&self) -> WorkerHeartbeatSimple {
        WorkerHeartbeatSimple {
            status: self.status.clone(),
            tasks_processed: self.tasks_processed,
            current_task_id: self.current_task_id.clone(),
            worker_metadata: self.worker_metadata.clone(),
            ..WorkerHeartbeatSimple::default()
        }
    }
}

impl Check for WorkerHeartbeatRequest {
    fn check(&self, violations: &mut Violations) {
        violations.text("environment_name", &self.environment_name, 2, 355);
        self.sign().check(violations);
    }
}

/// A registered worker that begins.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct WorkerConfigRequest {
    /// Its machine; left as it was if it is not given.
    pub system_info: Option<WorkerSystemInfo>,
}

impl Check for WorkerConfigRequest {
    fn check(&self, violations: &mut Violations) {
        if let Some(system_info) = &self.system_info {
            system_info.check(violations);
        }
    }
}

/// What a registered worker needs to know to begin.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerConfigResponse {
    /// The worker.
    pub worker_id: String,
    /// The name of its queue.
    pub worker_queue_name: String,
    /// The name of the queue's environment.
    pub environment_name: String,
    /// The queue's id: the task queue that it polls.
    pub task_queue_name: String,
    /// The namespace of Temporal.
    pub temporal_namespace: String,
    /// The address of Temporal.
    pub temporal_host: String,
    /// The key for Temporal; empty if it wants none.
    pub temporal_api_key: String,
    /// Whose it is.
    pub organization_id: String,
    /// The plane.
    pub control_plane_url: String,
    /// Seconds between its signs of life.
    pub heartbeat_interval: i32,
    /// Where it asks models, in OpenAI's format; empty if the plane has nothing to say about it.
    pub litellm_api_url: String,
    /// The key for that; empty if there is none.
    pub litellm_api_key: String,
    /// Whether the plane collects its traces: no.
    pub otel_enabled: bool,
    /// None.
    pub otel_exporter_otlp_endpoint: Option<String>,
    /// What it calls itself in traces that it sends elsewhere.
    pub otel_service_name: String,
    /// How it chooses what to trace.
    pub otel_traces_sampler: String,
    /// None.
    pub otel_traces_sampler_arg: Option<f64>,
}

/// What a worker says of a run; absent and null say nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ExecutionUpdate {
    /// Where it stands, in any case.
    pub status: Option<String>,
    /// Taken and passed over: the plane's own clock tells.
    pub started_at: Option<String>,
    /// Taken and passed over: the plane's own clock tells.
    pub completed_at: Option<String>,
    /// The final answer.
    pub response: Option<String>,
    /// Why it did not go well.
    pub error_message: Option<String>,
    /// Tokens, in either spelling.
    #[schema(value_type = Option<Object>)]
    pub usage: Option<Map<String, Value>>,
    /// Laid over what the run has.
    #[schema(value_type = Option<Object>)]
    pub execution_metadata: Option<Map<String, Value>>,
}

impl Check for ExecutionUpdate {
    fn check(&self, violations: &mut Violations) {
        if self.status.as_deref().is_some_and(|status| Status::parse(status).is_none()) {
            let words: Vec<_> = Status::ALL.iter().map(|one| one.as_str()).collect();
            violations.one_of("status", self.status.as_deref().unwrap_or_default(), &words);
        }
        violations.optional_text("started_at", self.started_at.as_deref(), 64);
        violations.optional_text("completed_at", self.completed_at.as_deref(), 64);
        violations.optional_text("error_message", self.error_message.as_deref(), 64 * 1024);
        if self.response.as_ref().is_some_and(|response| response.len() > MAX_RESPONSE) {
            let rule = format!("String should have at most {MAX_RESPONSE} bytes");
            violations.add("response", "string_too_long", rule);
        }
        for (field, map) in
            [("usage", &self.usage), ("execution_metadata", &self.execution_metadata)]
        {
            if let Some(map) = map {
                violations.json(field, &Value::Object(map.clone()));
            }
        }
    }
}

/// A conversation as a worker keeps it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct SessionUpdate {
    /// The run's id.
    pub session_id: Option<String>,
    /// Whose conversation it is; the plane knows.
    pub user_id: Option<String>,
    /// All its messages; those that the plane has stay as they are.
    #[serde(default)]
    pub messages: Vec<SessionUpdateMessage>,
    /// Taken and passed over.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
}

/// A message as a worker keeps it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct SessionUpdateMessage {
    /// `user`, `assistant`, `system` or `tool`.
    pub role: String,
    /// A text, or a list of blocks.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub content: Value,
    /// When it was said.
    pub timestamp: Option<String>,
    /// Unique in its run; made from role and time if it is not given.
    pub message_id: Option<String>,
    /// The tool that answers.
    pub tool_name: Option<String>,
    /// The call that it answers.
    pub tool_execution_id: Option<String>,
    /// `success` or `failed`.
    pub tool_status: Option<String>,
    /// Why a tool failed.
    pub tool_error: Option<String>,
}

impl Check for SessionUpdate {
    fn check(&self, violations: &mut Violations) {
        violations.optional_text("session_id", self.session_id.as_deref(), 255);
        let most = 16 * MAX_ITEMS;
        if self.messages.len() > most {
            let rule = format!("List should have at most {most} items");
            violations.add("messages", "too_long", rule);
        }
        for (at, message) in self.messages.iter().take(most).enumerate() {
            let field = |name: &str| format!("messages.{at}.{name}");
            let roles = ["user", "assistant", "system", "tool"];
            violations.one_of(&field("role"), &message.role, &roles);
            let id = message.message_id.as_deref();
            violations.optional_text(&field("message_id"), id, 255);
            violations.optional_text(&field("timestamp"), message.timestamp.as_deref(), 64);
            violations.optional_text(&field("tool_name"), message.tool_name.as_deref(), 255);
            let call = message.tool_execution_id.as_deref();
            violations.optional_text(&field("tool_execution_id"), call, 255);
            if !matches!(message.content, Value::Null | Value::String(_) | Value::Array(_)) {
                violations.add(&field("content"), "string_type", "Input should be a valid string");
            }
        }
    }
}

/// A conversation was stored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionUpdated {
    /// Whether it was.
    pub success: bool,
    /// The run.
    pub execution_id: String,
    /// The run's id.
    pub session_id: String,
    /// Messages that came.
    pub persisted_messages: u64,
}

/// What an agent's runs get, resolved.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ResolvedEnvironment {
    /// Variables of its tools.
    pub env_vars: BTreeMap<String, String>,
    /// MCP servers by name.
    #[schema(value_type = Object)]
    pub mcp_servers: Map<String, Value>,
    /// Its instructions.
    pub system_prompt: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Its settings.
    #[schema(value_type = Object)]
    pub configuration: Map<String, Value>,
    /// None are given out.
    #[schema(value_type = Vec<Object>)]
    pub files: Vec<Value>,
    /// Where a context graph is asked: there is none.
    pub graph_api_url: Option<String>,
    /// The name of its first environment.
    pub dataset_name: String,
}

/// A run that a worker's schedule has begun.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobExecutionCreate {
    /// The id that the run has, or gets.
    pub execution_id: String,
    /// The job.
    #[serde(default)]
    pub job_id: Option<String>,
    /// `agent`.
    pub entity_type: String,
    /// The agent; the job's if it is not given.
    #[serde(default)]
    pub entity_id: Option<String>,
    /// What is asked.
    pub prompt: String,
    /// `cron`, `webhook` or `manual`.
    pub trigger_type: String,
    /// Free-form.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub trigger_metadata: Value,
}

impl Check for JobExecutionCreate {
    fn check(&self, violations: &mut Violations) {
        violations.one_of("entity_type", &self.entity_type, &["agent"]);
        violations.prompt("prompt", &self.prompt);
        violations.text("trigger_type", &self.trigger_type, 0, 64);
        if !self.trigger_metadata.is_null() {
            violations.object("trigger_metadata", &self.trigger_metadata);
        }
    }
}

/// A run is there.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobExecutionCreated {
    /// Its id.
    pub execution_id: String,
    /// `created`.
    pub status: String,
    /// In words.
    pub message: String,
}

/// How a run of a job ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobExecutionEnd {
    /// `completed` or `failed`, in any case.
    pub status: String,
    /// Milliseconds that it took; the plane's own clock tells.
    #[serde(default)]
    pub duration_ms: Option<i64>,
    /// Why it failed.
    #[serde(default)]
    pub error_message: Option<String>,
}

impl Check for JobExecutionEnd {
    fn check(&self, violations: &mut Violations) {
        violations.text("status", &self.status, 0, 64);
        violations.range("duration_ms", self.duration_ms.unwrap_or_default(), 0, i64::MAX);
        violations.optional_text("error_message", self.error_message.as_deref(), 64 * 1024);
    }
}

/// The end was noted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobExecutionEnded {
    /// The job.
    pub job_id: String,
    /// The run.
    pub execution_id: String,
    /// `updated`, or `not_found` where the run is not one of that job.
    pub status: String,
}

operations! { "foreign";
    /// Lets a worker of the reference's kind begin on a queue.
    Start = POST "/api/v1/worker-queues/{queue_id}/start", May(Report), NoQuery, WorkerStartRequest => 200 WorkerStartResponse;
    /// Registers a worker for an environment, as older ones do; it is given one of its queues.
    Register = POST "/api/v1/workers/register", May(Report), NoQuery, WorkerRegistrationRequest => 200 WorkerRegistrationResponse;
    /// Takes a sign of life of a worker that is named in the body.
    Heartbeat = POST "/api/v1/workers/heartbeat", May(Report), NoQuery, WorkerHeartbeatRequest => 204 Nothing;
    /// Tells a registered worker where it finds what.
    StartRegistered = POST "/api/v1/workers/{worker_id}/start", May(Report), NoQuery, WorkerConfigRequest => 200 WorkerConfigResponse;
    /// Takes what a worker says of a run; an end stays an end.
    UpdateExecution = PATCH "/api/v1/executions/{execution_id}", May(Report), NoQuery, ExecutionUpdate => 200 ExecutionReply;
    /// Adds to a run's conversation what a worker's has and it has not.
    UpdateSession = POST "/api/v1/executions/{execution_id}/session", May(Report), NoQuery, SessionUpdate => 201 SessionUpdated;
    /// Makes the run that a worker's schedule has begun; one that is there stays as it is.
    CreateJobExecution = POST "/api/v1/executions/job-executions", May(Report), NoQuery, JobExecutionCreate => 201 JobExecutionCreated;
    /// Takes how a run of a job ended.
    EndJobExecution = POST "/api/v1/executions/{execution_id}/job/{job_id}/status", May(Report), NoQuery, JobExecutionEnd => 200 JobExecutionEnded;
    /// Shows the variables that an agent's runs get.
    ResolvedVariables = GET "/api/v1/execution-environment/agents/{agent_id}/resolved", May(Report), NoQuery, Nothing => 200 BTreeMap<String, String>;
    /// Shows all that an agent's runs get.
    ResolvedAll = GET "/api/v1/execution-environment/agents/{agent_id}/resolved/full", May(Report), NoQuery, Nothing => 200 ResolvedEnvironment;
}
