//! Turns, tool calls and tasks as workers report them (contract, analytics §1).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::check::{Check, Violations};
use crate::{NoQuery, operations};

/// The statuses of a task.
const TASK_STATUSES: [&str; 4] = ["pending", "in_progress", "completed", "failed"];

/// A turn of a run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TurnMetricsCreate {
    /// The run.
    pub execution_id: String,
    /// 1, 2, 3 …; the same turn reported again is the same turn.
    pub turn_number: i64,
    /// The worker's own id of it.
    #[serde(default)]
    pub turn_id: Option<String>,
    /// The model.
    pub model: String,
    /// Whose model it is.
    #[serde(default)]
    pub model_provider: Option<String>,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    #[serde(default)]
    pub completed_at: Option<String>,
    /// Milliseconds that it took.
    #[serde(default)]
    pub duration_ms: Option<i64>,
    /// Tokens of the prompt.
    #[serde(default)]
    pub input_tokens: i64,
    /// Tokens of the answer.
    #[serde(default)]
    pub output_tokens: i64,
    /// Tokens of the prompt that were remembered.
    #[serde(default)]
    pub cache_read_tokens: i64,
    /// Tokens of the prompt that are remembered from now on.
    #[serde(default)]
    pub cache_creation_tokens: i64,
    /// All of them.
    #[serde(default)]
    pub total_tokens: i64,
    /// US dollars for the prompt.
    #[serde(default)]
    pub input_cost: f64,
    /// US dollars for the answer.
    #[serde(default)]
    pub output_cost: f64,
    /// US dollars for what was remembered.
    #[serde(default)]
    pub cache_read_cost: f64,
    /// US dollars for remembering.
    #[serde(default)]
    pub cache_creation_cost: f64,
    /// US dollars for all of it.
    #[serde(default)]
    pub total_cost: f64,
    /// `stop`, `length`, `tool_use`, `error`, `cancelled` …
    #[serde(default)]
    pub finish_reason: Option<String>,
    /// The beginning of the answer; 500 characters of it are kept.
    #[serde(default)]
    pub response_preview: Option<String>,
    /// Calls of tools.
    #[serde(default)]
    pub tools_called_count: i64,
    /// Names of the tools.
    #[serde(default)]
    pub tools_called_names: Vec<String>,
    /// Why it failed.
    #[serde(default)]
    pub error_message: Option<String>,
    /// Free figures.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub metrics: Value,
    /// Minutes that it took.
    #[serde(default)]
    pub runtime_minutes: f64,
    /// Weight of the model; 1 if it is not given.
    #[serde(default = "one")]
    pub model_weight: f64,
    /// Weight of the calls; 1 if it is not given.
    #[serde(default = "one")]
    pub tool_calls_weight: f64,
    /// Minutes times weights.
    #[serde(default)]
    pub aem_value: f64,
    /// What these minutes cost.
    #[serde(default)]
    pub aem_cost: f64,
}

fn one() -> f64 {
    1.0
}

impl Check for TurnMetricsCreate {
    fn check(&self, violations: &mut Violations) {
        self.check_at("", violations);
    }
}

impl TurnMetricsCreate {
    fn check_at(&self, at: &str, violations: &mut Violations) {
        let field = |name: &str| format!("{at}{name}");
        let most = i32::MAX.into();
        violations.range(&field("turn_number"), self.turn_number, 0, most);
        violations.text(&field("model"), &self.model, 0, 255);
        for (name, text) in [
            ("turn_id", &self.turn_id),
            ("model_provider", &self.model_provider),
            ("finish_reason", &self.finish_reason),
        ] {
            violations.optional_text(&field(name), text.as_deref(), 255);
        }
        let error = self.error_message.as_deref();
        violations.optional_text(&field("error_message"), error, 64 * 1024);
        let preview = self.response_preview.as_deref();
        violations.optional_text(&field("response_preview"), preview, 64 * 1024);
        for (name, number) in [
            ("input_tokens", self.input_tokens),
            ("output_tokens", self.output_tokens),
            ("cache_read_tokens", self.cache_read_tokens),
            ("cache_creation_tokens", self.cache_creation_tokens),
            ("total_tokens", self.total_tokens),
            ("tools_called_count", self.tools_called_count),
            ("duration_ms", self.duration_ms.unwrap_or_default()),
        ] {
            violations.range(&field(name), number, 0, i64::MAX);
        }
        violations.items(&field("tools_called_names"), self.tools_called_names.len());
        for (index, name) in self.tools_called_names.iter().take(1000).enumerate() {
            violations.text(&field(&format!("tools_called_names.{index}")), name, 0, 255);
        }
        optional_object(&field("metrics"), &self.metrics, violations);
    }
}

/// A call of a tool.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ToolCallCreate {
    /// The run.
    pub execution_id: String,
    /// The turn's id, as its report was answered.
    #[serde(default)]
    pub turn_id: Option<String>,
    /// The tool.
    pub tool_name: String,
    /// The model's id of the call.
    #[serde(default)]
    pub tool_use_id: Option<String>,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    #[serde(default)]
    pub completed_at: Option<String>,
    /// Milliseconds that it took.
    #[serde(default)]
    pub duration_ms: Option<i64>,
    /// Its arguments.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub tool_input: Option<Value>,
    /// What it answered; 10 000 characters of it are kept.
    #[serde(default)]
    pub tool_output: Option<String>,
    /// Taken and passed over: it is counted.
    #[serde(default)]
    pub tool_output_size: Option<i64>,
    /// Whether it went well; so if it is not given.
    #[serde(default = "yes")]
    pub success: bool,
    /// Why not.
    #[serde(default)]
    pub error_message: Option<String>,
    /// What kind of fault it was.
    #[serde(default)]
    pub error_type: Option<String>,
    /// Free-form.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub metadata: Value,
}

fn yes() -> bool {
    true
}

impl Check for ToolCallCreate {
    fn check(&self, violations: &mut Violations) {
        self.check_at("", violations);
    }
}

impl ToolCallCreate {
    fn check_at(&self, at: &str, violations: &mut Violations) {
        let field = |name: &str| format!("{at}{name}");
        violations.text(&field("tool_name"), &self.tool_name, 0, 255);
        violations.optional_text(&field("tool_use_id"), self.tool_use_id.as_deref(), 255);
        violations.optional_text(&field("error_type"), self.error_type.as_deref(), 255);
        let error = self.error_message.as_deref();
        violations.optional_text(&field("error_message"), error, 64 * 1024);
        let most = 1024 * 1024;
        violations.optional_text(&field("tool_output"), self.tool_output.as_deref(), most);
        violations.range(&field("duration_ms"), self.duration_ms.unwrap_or_default(), 0, i64::MAX);
        if let Some(input) = self.tool_input.as_ref().filter(|input| !input.is_null()) {
            violations.object(&field("tool_input"), input);
        }
        optional_object(&field("metadata"), &self.metadata, violations);
    }
}

/// A task that an agent sets itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaskCreate {
    /// The run.
    pub execution_id: String,
    /// 1, 2, 3 …
    #[serde(default)]
    pub task_number: Option<i64>,
    /// The runtime's own id of it.
    #[serde(default)]
    pub task_id: Option<String>,
    /// What is to be done.
    pub task_description: String,
    /// What kind of task it is.
    #[serde(default)]
    pub task_type: Option<String>,
    /// `pending`, `in_progress`, `completed` or `failed`; `pending` if it is not given.
    #[serde(default)]
    pub status: Option<String>,
    /// When it began.
    #[serde(default)]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(default)]
    pub completed_at: Option<String>,
    /// Milliseconds that it took.
    #[serde(default)]
    pub duration_ms: Option<i64>,
    /// What came of it.
    #[serde(default)]
    pub result: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub error_message: Option<String>,
    /// Free-form.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub metadata: Value,
}

impl Check for TaskCreate {
    fn check(&self, violations: &mut Violations) {
        self.check_at("", violations);
    }
}

impl TaskCreate {
    fn check_at(&self, at: &str, violations: &mut Violations) {
        let field = |name: &str| format!("{at}{name}");
        violations.text(&field("task_description"), &self.task_description, 0, 64 * 1024);
        if let Some(number) = self.task_number {
            violations.range(&field("task_number"), number, 0, i32::MAX.into());
        }
        violations.optional_text(&field("task_id"), self.task_id.as_deref(), 255);
        violations.optional_text(&field("task_type"), self.task_type.as_deref(), 255);
        let (status, result) = (self.status.as_deref(), self.result.as_deref());
        progress(at, status, self.duration_ms, result, self.error_message.as_deref(), violations);
        optional_object(&field("metadata"), &self.metadata, violations);
    }
}

/// How a task goes; what is absent or null stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct TaskUpdate {
    /// `pending`, `in_progress`, `completed` or `failed`.
    pub status: Option<String>,
    /// When it ended.
    pub completed_at: Option<String>,
    /// Milliseconds that it took.
    pub duration_ms: Option<i64>,
    /// What came of it.
    pub result: Option<String>,
    /// Why it failed.
    pub error_message: Option<String>,
}

impl Check for TaskUpdate {
    fn check(&self, violations: &mut Violations) {
        let (status, result) = (self.status.as_deref(), self.result.as_deref());
        progress("", status, self.duration_ms, result, self.error_message.as_deref(), violations);
    }
}

fn progress(
    at: &str,
    status: Option<&str>,
    duration_ms: Option<i64>,
    result: Option<&str>,
    error_message: Option<&str>,
    violations: &mut Violations,
) {
    if let Some(status) = status {
        violations.one_of(&format!("{at}status"), status, &TASK_STATUSES);
    }
    violations.range(&format!("{at}duration_ms"), duration_ms.unwrap_or_default(), 0, i64::MAX);
    violations.optional_text(&format!("{at}result"), result, 64 * 1024);
    violations.optional_text(&format!("{at}error_message"), error_message, 64 * 1024);
}

/// Figures of a run at once. The run is the outer one, whatever the items say.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BatchAnalyticsCreate {
    /// The run.
    pub execution_id: String,
    /// Its turns; they decide nothing.
    #[serde(default)]
    pub turns: Vec<TurnMetricsCreate>,
    /// Its tool calls.
    #[serde(default)]
    pub tool_calls: Vec<ToolCallCreate>,
    /// Its tasks.
    #[serde(default)]
    pub tasks: Vec<TaskCreate>,
}

impl Check for BatchAnalyticsCreate {
    fn check(&self, violations: &mut Violations) {
        violations.items("turns", self.turns.len());
        violations.items("tool_calls", self.tool_calls.len());
        violations.items("tasks", self.tasks.len());
        for (at, turn) in self.turns.iter().enumerate() {
            turn.check_at(&format!("turns.{at}."), violations);
        }
        for (at, call) in self.tool_calls.iter().enumerate() {
            call.check_at(&format!("tool_calls.{at}."), violations);
        }
        for (at, task) in self.tasks.iter().enumerate() {
            task.check_at(&format!("tasks.{at}."), violations);
        }
    }
}

fn optional_object(field: &str, value: &Value, violations: &mut Violations) {
    if !value.is_null() {
        violations.object(field, value);
    }
}

/// A turn was recorded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TurnRecorded {
    /// Whether it was.
    pub success: bool,
    /// The turn's id here.
    pub turn_id: String,
    /// Where the run stands by it.
    pub status: String,
}

/// A tool call was recorded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ToolCallRecorded {
    /// Whether it was.
    pub success: bool,
    /// The call's id here.
    pub tool_call_id: String,
}

/// A task was recorded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaskRecorded {
    /// Whether it was.
    pub success: bool,
    /// The task's id here.
    pub task_id: String,
}

/// Figures were recorded: all of them.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BatchRecorded {
    /// Whether they were.
    pub success: bool,
    /// The run.
    pub execution_id: String,
    /// Turns that are new.
    pub turns_created: u64,
    /// Tool calls.
    pub tool_calls_created: u64,
    /// Tasks.
    pub tasks_created: u64,
    /// None: all are recorded, or none.
    pub errors: Vec<String>,
}

operations! { "analytics";
    /// Records a turn; decides where a run stands that a foreign worker drives.
    Turn = POST "/api/v1/analytics/turns", May(Report), NoQuery, TurnMetricsCreate => 201 TurnRecorded;
    /// Records a tool call.
    ToolCall = POST "/api/v1/analytics/tool-calls", May(Report), NoQuery, ToolCallCreate => 201 ToolCallRecorded;
    /// Records a task.
    Task = POST "/api/v1/analytics/tasks", May(Report), NoQuery, TaskCreate => 201 TaskRecorded;
    /// Records how a task goes.
    TaskProgress = PATCH "/api/v1/analytics/tasks/{task_id}", May(Report), NoQuery, TaskUpdate => 200 TaskRecorded;
    /// Records figures of a run at once.
    Batch = POST "/api/v1/analytics/batch", May(Report), NoQuery, BatchAnalyticsCreate => 201 BatchRecorded;
}
