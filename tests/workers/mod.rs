//! Workers in processes of their own: the program's, and the protocol that it speaks.

mod drain;
mod flags;
mod lost;
mod pollers;
mod protocol;
mod register;
mod runners;
mod serve;
mod stuck;
mod variables;

use drover_domain::workers::PROTOCOL;
use serde_json::{Value, json};

use crate::harness::{Organization, Plane, Reply};

const WORKERS: &str = "/api/v1/workers";

/// A worker that speaks the protocol by hand.
pub struct ByHand {
    org: Organization,
    pub id: String,
}

impl ByHand {
    /// The same worker, as another plane hears it.
    pub fn at(&self, plane: &Plane) -> Self {
        Self { org: self.org.at(plane), id: self.id.clone() }
    }

    /// Registers one.
    pub async fn register(org: &Organization, queues: &[&str]) -> Self {
        let reply = org.post(WORKERS, registration(queues)).await;
        assert_eq!(reply.status, 201, "{reply}");
        Self { org: org.clone(), id: reply.text("worker_id") }
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.org.post(&format!("{WORKERS}/{}{path}", self.id), body).await
    }

    /// The first turn there is.
    pub async fn task(&self) -> Value {
        self.task_of("turn").await
    }

    /// The first task of a kind there is.
    pub async fn task_of(&self, kind: &str) -> Value {
        let polled = self.post("/poll", json!({"kind": kind, "wait_seconds": 30})).await;
        assert_eq!(polled.status, 200, "{polled}");
        polled.body["tasks"][0].clone()
    }

    pub async fn progress(&self, task: &Value, number: u32, text: &str) -> Reply {
        let path = format!("/activities/{}/progress", task["id"].as_str().expect("an id"));
        let message = &task["work"]["message_id"];
        let chunk = json!({"type": "chunk", "message_id": message, "content": text});
        let body = json!({"attempt": task["attempt"], "number": number, "progress": [chunk]});
        self.post(&path, body).await
    }

    /// Ends a turn with this text, of which nothing was reported yet.
    pub async fn answer(&self, task: &Value, text: &str) -> Reply {
        self.answer_with(task, text, json!([])).await
    }

    /// Ends a turn with this text and calls of tools.
    pub async fn answer_with(&self, task: &Value, text: &str, calls: Value) -> Reply {
        let path = format!("/activities/{}/complete", task["id"].as_str().expect("an id"));
        let usage = json!({"input": 1, "output": 1, "cached": 0, "reasoning": 0});
        let outcome = json!({
            "result": "turn", "message_id": task["work"]["message_id"], "text": text,
            "tool_calls": calls, "provider_blocks": null, "finish_reason": "stop", "model": "m",
            "provider": "openai", "usage": usage, "cost": null, "unsent_text": text,
        });
        self.post(&path, json!({"attempt": task["attempt"], "outcome": outcome})).await
    }
}

fn registration(queues: &[&str]) -> Value {
    json!({"queues": queues, "protocol": PROTOCOL, "version": "0.0.0", "takes_from": "http"})
}

/// The workers that a queue has.
async fn workers_of(org: &Organization, queue: &str) -> Vec<Value> {
    let reply = org.get(&format!("/api/v1/worker-queues/{queue}/workers")).await;
    assert_eq!(reply.status, 200, "{reply}");
    reply.body.as_array().expect("a list").clone()
}
