//! Runs (contract, executions; catalogue §2 for `execute`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::check::{Check, Violations};
use crate::{NoQuery, Nothing, operations};

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ExecutionResponse)]
pub struct ExecutionReply {
    /// Its id.
    pub id: String,
    /// The same id, under the name that starting operations use.
    pub execution_id: String,
    /// `agent-execution-<id>`.
    pub workflow_id: String,
    /// Whose it is.
    pub organization_id: String,
    /// `AGENT` or `TEAM`.
    pub execution_type: String,
    /// The agent or team.
    pub entity_id: String,
    /// Its name when the run was accepted.
    pub entity_name: Option<String>,
    /// What was asked, placeholders filled.
    pub prompt: String,
    /// Instructions of this run, if it has its own.
    pub system_prompt: Option<String>,
    /// `pending`, `queued`, `running`, `waiting_for_input`, `paused`, `completed`, `failed`,
    /// `cancelled` or `interrupted`.
    pub status: String,
    /// What a `pending` or `queued` run waits for, in words; null otherwise.
    pub waiting_for: Option<String>,
    /// The final answer.
    pub response: Option<String>,
    /// Why it did not go well.
    pub error_message: Option<String>,
    /// Tokens in both spellings, cost in dollars or null where a price is not known.
    #[schema(value_type = Object)]
    pub usage: Value,
    /// Free-form, of who started it.
    #[schema(value_type = Object)]
    pub execution_metadata: Value,
    /// `user`, `api`, `job_manual`, `job_cron`, `job_webhook`.
    pub trigger_source: String,
    /// The job it is a run of.
    pub job_id: Option<String>,
    /// The run whose conversation it continues.
    pub parent_execution_id: Option<String>,
    /// The queue its activities go to.
    pub worker_queue_id: Option<String>,
    /// The queue's name.
    pub runner_name: Option<String>,
    /// Who started it.
    pub user_id: Option<String>,
    /// Who started it.
    pub user_name: Option<String>,
    /// Who started it.
    pub user_email: Option<String>,
    /// Picture of who started it; none is kept.
    pub user_avatar: Option<String>,
    /// When it was accepted.
    pub created_at: String,
    /// When a worker first took it.
    pub started_at: Option<String>,
    /// When it ended.
    pub completed_at: Option<String>,
    /// When it last changed.
    pub updated_at: String,
    /// People in the conversation.
    pub participants: Vec<Participant>,
    /// When the last message was said.
    pub last_message_at: Option<String>,
    /// Its beginning, at most 150 characters.
    pub last_message_preview: Option<String>,
}

/// A person in a conversation. None are kept yet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ParticipantResponse)]
pub struct Participant {
    /// Names the participation.
    pub id: String,
    /// Who it is.
    pub user_id: String,
    /// Who it is.
    pub user_name: Option<String>,
    /// Who it is.
    pub user_email: Option<String>,
    /// A picture.
    pub user_avatar: Option<String>,
    /// `owner`, `collaborator` or `viewer`.
    pub role: String,
    /// When they joined.
    pub joined_at: String,
    /// When they last said something.
    pub last_active_at: String,
}

/// Which runs to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListExecutions {
    /// Rows to pass over, at most 10 000; further on use `cursor`.
    #[serde(default)]
    pub skip: Option<i64>,
    /// Rows to return, 1 to 500; default 100.
    #[serde(default)]
    pub limit: Option<i64>,
    /// In this state, any case.
    #[serde(default)]
    pub status_filter: Option<String>,
    /// The same, as the command line names it.
    #[serde(default)]
    pub status: Option<String>,
    /// `AGENT` or `TEAM`, any case.
    #[serde(default)]
    pub execution_type: Option<String>,
    /// Of this agent.
    #[serde(default)]
    pub agent_id: Option<String>,
    /// Of this team.
    #[serde(default)]
    pub team_id: Option<String>,
    /// Of this job.
    #[serde(default)]
    pub job_id: Option<String>,
    /// Where the page before ended: the answer's `X-Next-Cursor`.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Also count all of them, into `X-Total-Count`.
    #[serde(default)]
    pub count: Option<bool>,
}

/// What to ask of an agent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = AgentExecutionRequest)]
pub struct ExecuteAgent {
    /// What is asked.
    pub prompt: String,
    /// Instructions of this run instead of the agent's.
    #[serde(default)]
    pub system_prompt: Option<String>,
    /// Taken and passed over: every run can be streamed.
    #[serde(default)]
    pub stream: Option<bool>,
    /// The queue; chosen by the plane where absent.
    #[serde(default)]
    pub worker_queue_id: Option<String>,
    /// About the caller; identity fields are overwritten from the credential.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub user_metadata: Option<Map<String, Value>>,
    /// Environment of this run's tools.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub execution_environment: Option<Map<String, Value>>,
    /// Free-form. `interactive: true` keeps the run open for messages.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub execution_metadata: Option<Map<String, Value>>,
    /// The run whose conversation this one continues.
    #[serde(default)]
    pub parent_execution_id: Option<String>,
}

impl Check for ExecuteAgent {
    fn check(&self, violations: &mut Violations) {
        violations.prompt("prompt", &self.prompt);
        if let Some(prompt) = &self.system_prompt {
            violations.prompt("system_prompt", prompt);
        }
        for (field, map) in [
            ("user_metadata", &self.user_metadata),
            ("execution_environment", &self.execution_environment),
            ("execution_metadata", &self.execution_metadata),
        ] {
            if let Some(map) = map {
                violations.json(field, &Value::Object(map.clone()));
            }
        }
        let env = self.execution_environment.as_ref().and_then(|env| env.get("env_vars"));
        let strings =
            |vars: &Value| vars.as_object().is_some_and(|vars| vars.values().all(Value::is_string));
        if env.is_some_and(|vars| !vars.is_null() && !strings(vars)) {
            let rule = "Input should be an object of strings";
            violations.add("execution_environment.env_vars", "dict_type", rule);
        }
    }
}

/// A run was accepted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = AgentExecutionResponse)]
pub struct Executed {
    /// Its id.
    pub execution_id: String,
    /// `agent-execution-<id>`.
    pub workflow_id: String,
    /// `PENDING`.
    pub status: String,
    /// Where it went.
    pub message: String,
    /// The finished run, where the caller waited for it (`Prefer: wait=N`) and it is finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Box<ExecutionReply>>,
}

/// A message for a run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = SendMessageRequest)]
pub struct SendMessage {
    /// The text.
    pub message: String,
    /// `user`.
    #[serde(default)]
    pub role: Option<String>,
}

impl Check for SendMessage {
    fn check(&self, violations: &mut Violations) {
        violations.prompt("message", &self.message);
        if self.message.trim().is_empty() {
            violations.add("message", "string_too_short", "Message should not be empty");
        }
        if let Some(role) = &self.role {
            violations.one_of("role", role, &["user"]);
        }
    }
}

/// A message was added.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MessageSent {
    /// Whether it was.
    pub success: bool,
    /// The run.
    pub execution_id: String,
    /// The message's id.
    pub message_id: String,
    /// In words.
    pub message: String,
}

/// A run was marked as done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MarkedDone {
    /// Whether it was.
    pub success: bool,
    /// The run.
    pub execution_id: String,
    /// In words.
    pub message: String,
}

/// A run was stopped, or why it was not.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Cancelled {
    /// Whether it was.
    pub success: bool,
    /// The run.
    pub execution_id: String,
    /// `agent-execution-<id>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Where it stands, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// Ends a run at once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = TerminateWorkflowRequest)]
pub struct Terminate {
    /// Why, 1 to 500 characters.
    pub reason: String,
}

impl Check for Terminate {
    fn check(&self, violations: &mut Violations) {
        violations.text("reason", &self.reason, 1, 500);
    }
}

/// A run was ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = TerminateWorkflowResponse)]
pub struct Terminated {
    /// Whether it was.
    pub success: bool,
    /// `agent-execution-<id>`.
    pub workflow_id: String,
    /// When.
    pub terminated_at: String,
}

/// The conversation of a run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The run's id.
    pub session_id: String,
    /// The run's id.
    pub execution_id: String,
    /// In order.
    pub messages: Vec<SessionMessage>,
    /// How many.
    pub message_count: u64,
    /// Free-form.
    #[schema(value_type = Object)]
    pub metadata: Value,
}

/// One message of a conversation.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct SessionMessage {
    /// `user`, `assistant`, `system` or `tool`.
    pub role: String,
    /// The text.
    pub content: String,
    /// When it was said.
    pub timestamp: String,
    /// Unique in its run.
    pub message_id: String,
    /// Who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_email: Option<String>,
    /// The tool that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_name: Option<String>,
    /// The call it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_use_id: Option<String>,
    /// `success` or `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_status: Option<String>,
    /// The calls an assistant's message asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub tool_calls: Vec<Value>,
}

/// Which entries of a log.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListEvents {
    /// Only entries after this `seq`; default 0.
    #[serde(default)]
    pub after: Option<i64>,
    /// Entries to return, 1 to 500; default 100.
    #[serde(default)]
    pub limit: Option<i64>,
}

/// Entries of a run's log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// The run.
    pub execution_id: String,
    /// In order.
    pub events: Vec<LogEntry>,
    /// The last `seq` of the log.
    pub last_seq: i64,
}

/// One entry of a run's log, with the data of its stream frame.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LogEntry {
    /// 1, 2, 3 …, gapless.
    pub seq: i64,
    /// The id of its frame.
    pub id: String,
    /// The name of its frame.
    pub event_type: String,
    /// The data of its frame.
    #[schema(value_type = Object)]
    pub data: Value,
    /// When it was appended.
    pub timestamp: String,
}

/// An event that a worker publishes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = StreamingEventRequest)]
pub struct PublishEvent {
    /// Its name.
    pub event_type: String,
    /// Its data.
    #[schema(value_type = Object)]
    pub data: Value,
    /// When it happened; default now.
    #[serde(default)]
    pub timestamp: Option<String>,
}

/// Names under which events may be published. The plane's own (`status`, `done`, `error`,
/// `approval_resolved`, …) are not among them: who could publish those could end somebody's stream
/// with a lie, or give a word that nobody has given.
pub const PUBLISHABLE: [&str; 15] = [
    "metadata",
    "message_chunk",
    "tool_started",
    "tool_completed",
    "member_message_chunk",
    "member_message_complete",
    "member_tool_started",
    "member_tool_completed",
    "thinking_start",
    "thinking_delta",
    "thinking_complete",
    "run_started",
    "workflow_cancelled",
    "progress",
    "log",
];

/// Further names, of events of a run that a foreign worker drives (contract, worker-protocol §8). Its
/// messages and errors are told apart from the plane's own where they are stored.
pub const FOREIGN: [&str; 8] = [
    "message",
    "error",
    "workflow_started",
    "workflow_step_running",
    "workflow_step_output",
    "workflow_step_complete",
    "workflow_completed",
    "workflow_failed",
];

impl PublishEvent {
    /// The violation of a name under which nothing may be published into a run of ours.
    pub fn check_name(&self, violations: &mut Violations) {
        violations.one_of("event_type", &self.event_type, &PUBLISHABLE);
    }
}

impl Check for PublishEvent {
    fn check(&self, violations: &mut Violations) {
        if !FOREIGN.contains(&self.event_type.as_str()) {
            self.check_name(violations);
        }
        violations.object("data", &self.data);
        violations.optional_text("timestamp", self.timestamp.as_deref(), 64);
    }
}

/// An event was stored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Published {
    /// Whether it was.
    pub success: bool,
    /// The run.
    pub execution_id: String,
    /// Its name.
    pub event_type: String,
}

/// Where to begin a stream.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamFrom {
    /// The id of the last event seen; the header `Last-Event-ID` wins.
    #[serde(default)]
    pub last_event_id: Option<String>,
}

operations! { "executions";
    /// Asks an agent something: accepts a run.
    ExecuteAgentOperation = POST "/api/v1/agents/{agent_id}/execute", May(Run), NoQuery, ExecuteAgent => 200 Executed;
    /// Lists runs, newest first.
    List = GET "/api/v1/executions", May(Read), ListExecutions, Nothing => 200 Vec<ExecutionReply>;
    /// Reads a run.
    Get = GET "/api/v1/executions/{execution_id}", May(Read), NoQuery, Nothing => 200 ExecutionReply;
    /// Follows a run's log as server-sent events: what is stored, then what comes.
    Stream = GET "/api/v1/executions/{execution_id}/stream", May(Read), StreamFrom, Nothing => 200 String;
    /// Reads a page of a run's log.
    Events = GET "/api/v1/executions/{execution_id}/events", May(Read), ListEvents, Nothing => 200 EventPage;
    /// Publishes an event into a run's log.
    Publish = POST "/api/v1/executions/{execution_id}/events", May(Report), NoQuery, PublishEvent => 202 Published;
    /// Reads a run's conversation.
    GetSession = GET "/api/v1/executions/{execution_id}/session", May(Read), NoQuery, Nothing => 200 Session;
    /// Adds a message to a run's conversation.
    Message = POST "/api/v1/executions/{execution_id}/message", May(Run), NoQuery, SendMessage => 202 MessageSent;
    /// Says that a run is done: it completes, at once if it waits for input, after its current turn otherwise.
    MarkDone = POST "/api/v1/executions/{execution_id}/mark-done", May(Run), NoQuery, Nothing => 202 MarkedDone;
    /// Stops a run: its model call and tools end within a second.
    Cancel = POST "/api/v1/executions/{execution_id}/cancel", May(Run), NoQuery, Nothing => 200 Cancelled;
    /// Ends a run with a reason.
    TerminateOperation = POST "/api/v1/executions/{execution_id}/terminate", May(Run), NoQuery, Terminate => 200 Terminated;
}
