//! What a script answers, written once for both formats.
//!
//! An answer is streamed in *pieces*: of reasoning, text and tool calls, then one that says why it
//! stopped, and one that ends it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One answer. Made by the functions below, or from JSON with the fields' names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    /// Text in one piece; goes before `chunks`.
    pub text: Option<String>,
    /// Text in pieces.
    pub chunks: Vec<String>,
    /// Reasoning, in pieces, before the text.
    pub thinking: Vec<String>,
    /// Tools to call, after the text.
    pub tool_calls: Vec<Call>,
    /// What it took.
    pub usage: Tokens,
    /// Instead of the format's usual word.
    pub finish_reason: Option<String>,
    /// HTTP status, 200 if absent.
    pub status: Option<u16>,
    /// More headers of the answer.
    pub headers: BTreeMap<String, String>,
    /// This body and nothing else.
    pub body: Option<String>,
    /// Of `body`; JSON if absent.
    pub content_type: Option<String>,
    /// Tokens at a rate, instead of text.
    pub pace: Option<Pace>,
    /// Drops the connection after so many pieces.
    pub cut_after: Option<usize>,
    /// Waits until the test releases the script.
    pub hang: Option<Hang>,
}

/// A tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The call's id; made up if absent.
    #[serde(default)]
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// Its arguments; a string is sent as it is, whether or not it is JSON.
    #[serde(default)]
    pub arguments: Value,
}

/// Counts, as OpenAI counts: `input` includes `cached`, `output` includes `reasoning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tokens {
    /// Tokens of the request.
    pub input: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// Of `input`, from the cache.
    pub cached: u64,
    /// Of `output`, reasoning.
    pub reasoning: u64,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { input: 10, output: 5, cached: 0, reasoning: 0 }
    }
}

/// A number of tokens at a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// How many.
    pub tokens: u32,
    /// How fast.
    pub per_second: u32,
}

/// Where an answer waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hang {
    /// Before the status line.
    Start,
    /// After so many pieces.
    After(usize),
}

impl Reply {
    /// Text in one piece.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Text in pieces.
    pub fn chunks<T: Into<String>>(chunks: impl IntoIterator<Item = T>) -> Self {
        Self { chunks: chunks.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// One tool call; more with [`Reply::and_call`].
    pub fn tool_call(name: impl Into<String>, arguments: Value) -> Self {
        Self::default().and_call(name, arguments)
    }

    /// An error with this status; its body is the format's own unless [`Reply::body`] sets one.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// `tokens` tokens, `per_second` of them a second.
    pub fn slow(tokens: u32, per_second: u32) -> Self {
        Self { pace: Some(Pace { tokens, per_second }), ..Self::default() }
    }

    /// Nothing, not even a status line, until the test releases the script; then a text.
    pub fn hang_until_released() -> Self {
        Self::text("released").hang(Hang::Start)
    }

    /// This body, byte for byte, with status 200.
    pub fn raw(content_type: impl Into<String>, body: impl Into<String>) -> Self {
        Self { content_type: Some(content_type.into()), body: Some(body.into()), ..Self::default() }
    }

    /// Another tool call.
    pub fn and_call(mut self, name: impl Into<String>, arguments: Value) -> Self {
        self.tool_calls.push(Call { id: None, name: name.into(), arguments });
        self
    }

    /// Reasoning before the text.
    pub fn thinking(mut self, piece: impl Into<String>) -> Self {
        self.thinking.push(piece.into());
        self
    }

    /// What it took.
    pub fn usage(mut self, usage: Tokens) -> Self {
        self.usage = usage;
        self
    }

    /// The provider's word for why it stopped.
    pub fn finish_reason(mut self, reason: impl Into<String>) -> Self {
        self.finish_reason = Some(reason.into());
        self
    }

    /// A header of the answer.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// The body of an error.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Drops the connection after so many pieces.
    pub fn cut_after(mut self, pieces: usize) -> Self {
        self.cut_after = Some(pieces);
        self
    }

    /// Waits at that place until the test releases the script.
    pub fn hang(mut self, hang: Hang) -> Self {
        self.hang = Some(hang);
        self
    }

    /// The pieces of text.
    pub(crate) fn pieces(&self) -> Vec<String> {
        match self.pace {
            Some(pace) => (1..=pace.tokens).map(|n| format!("token{n} ")).collect(),
            None => self.text.iter().chain(&self.chunks).cloned().collect(),
        }
    }
}

impl Call {
    pub(crate) fn id(&self, number: usize, place: usize) -> String {
        self.id.clone().unwrap_or_else(|| format!("call_{number}_{place}"))
    }

    /// Arguments as OpenAI sends them.
    pub(crate) fn arguments_text(&self) -> String {
        match &self.arguments {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}
