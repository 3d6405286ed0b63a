//! Approvals: something in a run waits for a person's word.

mod approve;
mod create;
mod expire;
mod list;
mod pending;
mod reject;
mod tool;

use serde_json::{Value, json};

use crate::harness::Organization;

/// An organization whose worker asks, and a run that waits for what is asked in it.
struct Asking {
    org: Organization,
    /// The same through a worker's key.
    worker: Organization,
    run: String,
}

impl Asking {
    async fn settle(org: Organization) -> Self {
        let agent = org.agent("instant").await;
        let queue = org.queue_without_worker().await;
        let run = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
        let worker = org.with_role("worker").await;
        Self { org, worker, run }
    }

    /// A request of the worker; `more` is laid over it.
    async fn ask(&self, more: Value) -> String {
        self.worker.create("/api/v1/approvals", self.body(more)).await
    }

    fn body(&self, more: Value) -> Value {
        let mut body = json!({"execution_id": self.run, "tool_name": "deploy"});
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body
    }

    /// The events of decisions in the run's log.
    async fn told(&self) -> Vec<Value> {
        let log = self.org.log(&self.run).await;
        let told = log.into_iter().filter(|entry| entry["event_type"] == "approval_resolved");
        told.map(|entry| entry["data"]["data"].clone()).collect()
    }
}

/// Where a request is.
fn path(id: &str) -> String {
    format!("/api/v1/approvals/{id}")
}

/// The e-mail address behind a key.
async fn email(org: &Organization) -> String {
    org.get("/api/v1/auth/validate").await.text("user_email")
}
