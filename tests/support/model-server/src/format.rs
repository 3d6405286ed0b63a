//! The two wire formats, seen from what they have in common.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Reply, anthropic, openai};

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    OpenAi,
    Anthropic,
}

/// What decides the form of an answer. Reading no more than this keeps the instant answer cheap.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) model: String,
    #[serde(default)]
    pub(crate) stream: bool,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    /// Which request of its script this is; makes ids differ.
    #[serde(skip)]
    pub(crate) number: usize,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

impl Asked {
    pub(crate) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }
}

impl Format {
    /// The events of an answer: a piece each, then why it stopped, then its end.
    pub(crate) fn frames(self, reply: &Reply, asked: &Asked) -> Vec<Bytes> {
        match self {
            Self::OpenAi => openai::frames(reply, asked),
            Self::Anthropic => anthropic::frames(reply, asked),
        }
    }

    /// The answer as one JSON value.
    pub(crate) fn whole(self, reply: &Reply, asked: &Asked) -> Value {
        match self {
            Self::OpenAi => openai::whole(reply, asked),
            Self::Anthropic => anthropic::whole(reply, asked),
        }
    }

    /// The body of an error.
    pub(crate) fn error(self, status: u16, message: &str) -> Value {
        let kind = match status {
            400 | 413 | 422 => "invalid_request_error",
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            429 => "rate_limit_error",
            529 => "overloaded_error",
            _ => "api_error",
        };
        let error = json!({ "type": kind, "message": message });
        match self {
            Self::OpenAi => json!({ "error": error }),
            Self::Anthropic => json!({ "type": "error", "error": error }),
        }
    }
}
