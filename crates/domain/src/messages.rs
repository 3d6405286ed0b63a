//! The conversation of a run: what a prompt is built from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ExecutionId;

/// One entry of a conversation, in the order it is sent to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Unique in its run; repeated writes with the same id are the same message.
    pub message_id: String,
    /// Who speaks, and what they say.
    #[serde(flatten)]
    pub body: Body,
}

/// The id of a message as workers of the contract write it: `<execution id>_<role>_<n>`.
pub fn message_id(execution: ExecutionId, role: &str, n: u32) -> String {
    format!("{execution}_{role}_{n}")
}

impl Message {
    /// The prompt of a run, which opens its own part of the conversation.
    pub fn prompt(execution: ExecutionId, content: String) -> Self {
        Self { message_id: message_id(execution, "user", 1), body: Body::User { content } }
    }
}

/// What a message says, by speaker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Body {
    /// A notice of the plane; never sent to a model.
    System {
        /// Plain text.
        content: String,
    },
    /// A person, or the filled prompt template.
    User {
        /// Plain text.
        content: String,
    },
    /// The model.
    Assistant {
        /// What it said; may be empty when it only calls tools.
        content: String,
        /// What it wants done, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCallRequest>,
        /// The provider's own content blocks, to be replayed as they came (Anthropic thinking
        /// blocks with signatures). `None` where text and calls say it all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_blocks: Option<Value>,
    },
    /// The answer of a tool.
    Tool {
        /// Which call it answers.
        tool_call_id: String,
        /// The tool's name.
        tool_name: String,
        /// What it printed, or the error as text.
        content: String,
        /// Whether the call failed.
        #[serde(default)]
        is_error: bool,
    },
}

/// A call a model asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCallRequest {
    /// The provider's id of the call, or one made up where it gave none.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Arguments: an object, `{}` where there are none. Text that is no JSON comes as a string, and
    /// the tool runner answers it with an error the model can read.
    pub arguments: Value,
}

impl Body {
    /// The text of the message, whoever speaks.
    pub fn content(&self) -> &str {
        match self {
            Self::System { content }
            | Self::User { content }
            | Self::Assistant { content, .. }
            | Self::Tool { content, .. } => content,
        }
    }
    /// The wire word for the speaker.
    pub fn role(&self) -> &'static str {
        match self {
            Self::System { .. } => "system",
            Self::User { .. } => "user",
            Self::Assistant { .. } => "assistant",
            Self::Tool { .. } => "tool",
        }
    }
}
