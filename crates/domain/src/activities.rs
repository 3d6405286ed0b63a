//! Activities: the steps of a run that a worker executes. A task carries all that the worker needs;
//! its outcome carries all that the flow decides on. Executed at least once, recorded once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::messages::{Message, ToolCallRequest};
use crate::{ActivityId, ExecutionId, OrgId};

/// A leased activity, as a worker receives it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActivityTask {
    /// Which activity.
    pub id: ActivityId,
    /// Of which run.
    pub execution_id: ExecutionId,
    /// Of which tenant.
    pub organization: OrgId,
    /// 1 for the first try.
    pub attempt: u32,
    /// The same for every try of this step; tools find it as `DROVER_IDEMPOTENCY_KEY`.
    pub idempotency_key: String,
    /// What to do.
    pub work: Work,
}

/// What to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Ask the model once.
    ModelTurn(Box<ModelTurn>),
    /// Call one tool.
    ToolCall(Box<ToolCall>),
}

/// The two kinds of activity, each with its own limit on how many run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActivityKind {
    /// A request to a model.
    Turn,
    /// A call of a tool.
    Tool,
}

impl ActivityKind {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Tool => "tool",
        }
    }
    /// Reads the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Turn, Self::Tool].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One request to a model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelTurn {
    /// 1 for the first turn of the run.
    pub turn: u32,
    /// The id under which the answer is streamed and stored.
    pub message_id: String,
    /// The agent's model name; `None` means the plane's default.
    pub model: Option<String>,
    /// Instructions, already resolved.
    pub system_prompt: Option<String>,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// What the agent may use.
    pub skills: Vec<SkillGrant>,
    /// The agent's `llm_config` (temperature, max_tokens, …), passed to the provider.
    pub llm_config: Value,
    /// Text of this very message that an interrupted try has already stored as chunks. The worker
    /// does not send again what it equals; at the first difference it reports a reset.
    pub already_streamed: String,
}

/// One call of a tool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ToolCall {
    /// The turn that asked for it.
    pub turn: u32,
    /// What the model asked for.
    pub request: ToolCallRequest,
    /// The id of the call in events (contract, skills-and-runtimes §3.2).
    pub tool_execution_id: String,
    /// What the agent may use.
    pub skills: Vec<SkillGrant>,
    /// Environment of the tool's process beside the built-in variables.
    pub env: BTreeMap<String, String>,
    /// A process of an earlier try that may still run and must be killed first.
    pub survivor: Option<ProcessRecord>,
}

/// A skill an agent holds, resolved: type and merged configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SkillGrant {
    /// The skill's name.
    pub name: String,
    /// `shell`, `file_system`, `python`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Restrictions and switches of that type (contract, skills-and-runtimes §2).
    pub configuration: Value,
}

/// A process group with the start time of its leader, by which it is told from a later process
/// with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Process group id, which is the leader's process id.
    pub group: i32,
    /// Field 22 of `/proc/<pid>/stat`: clock ticks since boot.
    pub started_ticks: u64,
}

/// What a worker reports while an activity runs. Stored in order, then shown to everyone who watches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Progress {
    /// A piece of the model's text.
    Chunk {
        /// The message it belongs to.
        message_id: String,
        /// The piece, whitespace kept.
        content: String,
    },
    /// The repeated turn says something else than the interrupted one did: what was streamed under
    /// `message_id` is void, the text goes on under `replaced_by`.
    Reset {
        /// The void message.
        message_id: String,
        /// Its successor.
        replaced_by: String,
    },
    /// A piece of the model's reasoning.
    Thinking {
        /// The message it belongs to.
        message_id: String,
        /// The piece.
        content: String,
    },
    /// A tool's process has been made and waits: once this is stored, it starts.
    Process(ProcessRecord),
}

/// How an activity ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// The model answered.
    Turn(Box<TurnResult>),
    /// The tool ran, well or badly.
    Tool(ToolResult),
    /// The activity itself failed.
    Failed(Failure),
    /// It stopped because the run was cancelled.
    Cancelled,
}

/// A model's whole answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TurnResult {
    /// The id under which the text was streamed; differs from the task's after a reset.
    pub message_id: String,
    /// All of the text.
    pub text: String,
    /// Tools it wants called, in order.
    pub tool_calls: Vec<ToolCallRequest>,
    /// See [`crate::messages::Body::Assistant`].
    pub provider_blocks: Option<Value>,
    /// The provider's word: `stop`, `tool_calls`, `length`, …
    pub finish_reason: Option<String>,
    /// The model that answered.
    pub model: String,
    /// The provider that served it: `openai`, `anthropic`, `offline`.
    pub provider: String,
    /// What it took.
    pub usage: Usage,
    /// Money, where the price of the model is known.
    pub cost: Option<Cost>,
    /// Text after the last chunk that was reported, not yet stored: it joins the commit that
    /// records the answer, which saves a write for short answers.
    pub unsent_text: String,
}

/// Tokens of one or more calls. `input` includes `cached`, `output` includes `reasoning`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request.
    pub input: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// Of `input`: served from the provider's cache.
    pub cached: u64,
    /// Of `output`: spent on reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// All tokens.
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
    /// The sum with another call's.
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cached: self.cached.saturating_add(other.cached),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}

/// Money of a call, in millionths of a US dollar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Millionths of a US dollar.
    pub micro_usd: u64,
    /// The price table it was computed with.
    pub price_version: String,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// Text for the model: output, or an error it can act on.
    pub output: String,
    /// Whether the call failed (non-zero exit, refused, timed out).
    pub is_error: bool,
    /// Wall-clock time of the call in milliseconds.
    pub duration_ms: u64,
}

/// Why an activity failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For a person: what happened and what to do about it. Holds no secret.
    pub message: String,
    /// Whether another try may help.
    pub retry: Retry,
}

/// Whether another try may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// No: the request itself is wrong (key, model name, …).
    Never,
    /// Yes, with the usual backoff.
    Backoff,
    /// Yes, and the provider said when.
    AfterMs(u64),
}
