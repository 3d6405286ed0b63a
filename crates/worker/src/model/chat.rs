//! What every model client takes and gives.

use drover_domain::activities::Usage;
use drover_domain::messages::{Message, ToolCallRequest};
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::ModelError;

/// Something that answers a conversation.
pub trait ChatModel: Send + Sync {
    /// The provider's name, as it is recorded with the turn: `openai`, `anthropic`, `ollama`,
    /// `offline`.
    fn provider(&self) -> &'static str;

    /// Asks once. Pieces of the answer go to `sink` as they come; the reply holds all of it.
    ///
    /// One call is one HTTP request: nothing is tried again in here. Dropping the future closes the
    /// request, so the provider stops generating.
    fn chat<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut Sink<'_>,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>>;
}

/// Where pieces of an answer go. It must not block; a channel's sender is the usual one.
pub type Sink<'s> = dyn FnMut(Chunk) + Send + 's;

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct ChatRequest<'a> {
    /// The provider's name of the model, without a routing prefix.
    pub model: &'a str,
    /// Instructions.
    pub system: Option<&'a str>,
    /// The conversation so far.
    pub messages: &'a [Message],
    /// What the model may call.
    pub tools: &'a [ToolSpec],
    /// The agent's `llm_config`. Keys that the format knows are passed on; others are left out.
    pub settings: &'a Value,
}

/// A tool as a model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// The name it is called by.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON schema of its arguments: an object.
    pub parameters: Value,
}

/// A piece of an answer, whitespace kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// Of the text.
    Text(String),
    /// Of the reasoning.
    Thinking(String),
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatReply {
    /// All of the text.
    pub text: String,
    /// What it wants called, in order.
    pub tool_calls: Vec<ToolCallRequest>,
    /// See [`drover_domain::messages::Body::Assistant`].
    pub provider_blocks: Option<Value>,
    /// The provider's word, unknown ones too.
    pub finish_reason: Option<String>,
    /// The model that answered, in the provider's words.
    pub model: String,
    /// What it took; zero where the provider did not say.
    pub usage: Usage,
}
