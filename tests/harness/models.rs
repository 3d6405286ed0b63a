//! Models that do what a test says.

use std::sync::Arc;

use model_server::{ModelServer, Reply, Request};

use super::unique;

/// A model that no other test has. It gives its replies one after the other; who asks once too
/// often gets an error.
pub struct Model {
    /// What agents call it.
    pub name: String,
    /// What its provider calls it.
    script: String,
}

impl Model {
    /// A model in OpenAI's format, without a known price.
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let name = unique("model");
        Self::named(&name, &name, replies)
    }

    /// A model in Anthropic's format, without a known price.
    pub fn anthropic(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = unique("model");
        Self::named(&format!("anthropic/{script}"), &script, replies)
    }

    /// A model that has a price: `family` with a date that no other test has.
    pub fn priced(family: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let digits = u32::from_str_radix(&unique("")[1..9], 16).expect("hex digits");
        let name = format!("{family}-{}", 10_000_000 + digits % 90_000_000);
        Self::named(&name, &name, replies)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Arc<Request>> {
        ModelServer::shared().requests(&self.script)
    }

    /// The requests, once there are so many.
    pub async fn arrived(&self, count: usize) -> Vec<Arc<Request>> {
        ModelServer::shared().arrived(&self.script, count).await
    }

    /// Lets one request that hangs go on.
    pub fn release(&self) {
        ModelServer::shared().release(&self.script);
    }

    /// Gives it other replies; requests so far are forgotten.
    pub fn change(&self, replies: impl IntoIterator<Item = Reply>) {
        let replies = replies.into_iter().collect();
        ModelServer::shared().script_exactly(&self.script, replies);
    }

    fn named(name: &str, script: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let model = Self { name: name.to_owned(), script: script.to_owned() };
        model.change(replies);
        model
    }
}

/// A call of the shell.
pub fn shell(command: &str) -> Reply {
    Reply::tool_call("run_shell_command", serde_json::json!({"command": command}))
}
