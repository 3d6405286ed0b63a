//! A stand-in for language models: OpenAI's chat completions and Anthropic's messages over real
//! HTTP, scripted per test. In process as [`ModelServer`], or as the program `model-server`.
//!
//! A script is chosen by the API key of a request or, if no script has that name, by its model.
//! Tests that run side by side against one server use different names. A model without a script
//! gets a short answer at once; `slow-20x60` and `tokens-20-60` stream 20 tokens a second for
//! 60 seconds.
//!
//! ```no_run
//! # async fn example() {
//! use model_server::{ModelServer, Reply};
//!
//! let server = ModelServer::start().await;
//! server.script("script-1", vec![
//!     Reply::tool_call("run_shell_command", serde_json::json!({"command": "ls"})),
//!     Reply::text("There are two files."),
//! ]);
//! // … run an agent with the model `script-1` at `server.openai_url()` …
//! assert_eq!(server.requests("script-1").len(), 2);
//! # }
//! ```
//!
//! A request whose conversation the real providers would refuse (a call without a result, no
//! `max_tokens`, …) is refused with 400 here too.
//!
//! Over HTTP, for tests whose plane is another process: `POST /__script/{name}` (a list of replies
//! as JSON, the fields of [`Reply`]), `GET /__requests/{name}`, `POST /__release/{name}`.

mod control;
mod deliver;
mod format;
mod instant;
mod openai;
mod record;
mod reply;
mod server;
mod validate;

mod anthropic;

pub use record::{Ending, Request};
pub use reply::{Call, Hang, Pace, Reply, Tokens};
pub use server::{ModelServer, Options};
