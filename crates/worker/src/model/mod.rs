//! Talking to language models: two wire formats, one built-in stand-in, and the rules that choose
//! between them. Not here: what a turn does with an answer, retries, and where keys come from.
//!
//! | file | what |
//! |---|---|
//! | `chat` | the trait [`ChatModel`], requests and replies |
//! | `routing` | model name and configured providers → which client |
//! | `openai`, `anthropic` | the wire formats |
//! | `offline` | `drover/offline` |
//! | `prices` | tokens → money |
//! | `http`, `endpoint`, `sse`, `calls`, `conversation`, `error` | what the formats share |

mod anthropic;
mod calls;
mod chat;
mod conversation;
mod endpoint;
mod error;
mod http;
mod offline;
mod openai;
pub mod prices;
mod routing;
mod sse;

pub use anthropic::Anthropic;
pub use chat::{ChatModel, ChatReply, ChatRequest, Chunk, Sink, ToolSpec};
pub use error::{ErrorKind, ModelError};
pub use http::{HttpSettings, ModelHttp};
pub use offline::{OFFLINE_MODEL, Offline};
pub use openai::OpenAi;
pub use routing::{
    ANTHROPIC_BASE_URL, ANTHROPIC_DEFAULT_MODEL, Models, OLLAMA_DEFAULT_MODEL, OPENAI_BASE_URL,
    OPENAI_DEFAULT_MODEL, Provider, ProviderConfig, Providers, Route, route,
};
