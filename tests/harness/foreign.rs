//! A worker of the reference's kind, spoken by hand: what it sends to the plane in which order
//! (contract, worker-protocol §4 to §8). The Temporal that it would poll is not there, so that it
//! reports a run as running is what begins it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Organization, Reply};

/// The Temporal that the shared plane tells such workers of. Nobody listens there.
pub const FOREIGN_TEMPORAL: &str = "127.0.0.1:9";

/// An instant, as it writes them: without an offset.
const NOON: &str = "2026-01-31T12:00:00.123456";

/// A worker of one queue.
pub struct ForeignWorker {
    org: Organization,
    /// Its id.
    pub id: String,
    /// Its queue.
    pub queue: String,
}

impl ForeignWorker {
    /// A worker of a queue of its own.
    pub async fn start(org: &Organization) -> Self {
        let queue = org.queue_without_worker().await;
        Self::start_on(org, &queue).await
    }

    /// A worker of this queue.
    pub async fn start_on(org: &Organization, queue: &str) -> Self {
        let body = json!({
            "worker_sdk_version": "1.0.2", "control_plane_url": org.url,
            "system_info": {
                "hostname": "snake", "pid": 7, "cli_version": null, "memory_percent": 12.5,
                "supported_runtimes": ["agno", "claude_code"], "docker_available": false,
            },
        });
        let reply = org.post(&format!("/api/v1/worker-queues/{queue}/start"), body).await;
        assert_eq!(reply.status, 200, "{reply}");
        Self { org: org.clone(), id: reply.text("worker_id"), queue: queue.to_owned() }
    }

    /// The same worker, on another start of its plane.
    pub fn at(&self, org: &Organization) -> Self {
        Self { org: org.clone(), id: self.id.clone(), queue: self.queue.clone() }
    }

    /// A run on its queue, still waiting.
    pub async fn asked(&self, body: Value) -> String {
        let agent = self.org.agent("instant").await;
        let mut body = body;
        body["worker_queue_id"] = json!(self.queue);
        self.org.execute(&agent, body).await
    }

    /// A run on its queue that it has begun.
    pub async fn running(&self, body: Value) -> String {
        let run = self.asked(body).await;
        let reply = self.begins(&run).await;
        assert_eq!((reply.status, &reply.body["status"]), (200, &json!("running")), "{reply}");
        run
    }

    /// Says that a run runs.
    pub async fn begins(&self, run: &str) -> Reply {
        let metadata = json!({"workflow_started": true, "has_mcp_servers": false});
        let body = json!({"status": "running", "started_at": NOON, "execution_metadata": metadata});
        self.says(run, body).await
    }

    /// Says something of a run, and who says it.
    pub async fn says(&self, run: &str, body: Value) -> Reply {
        let mut body = body;
        body["execution_metadata"]["worker_info"] = json!({"worker_id": self.id});
        self.org.patch(&format!("/api/v1/executions/{run}"), body).await
    }

    /// Says the last of a run, as its workflow does at the end.
    pub async fn ends(&self, run: &str, status: &str, response: &str) -> Reply {
        let body = json!({
            "status": status, "completed_at": NOON, "response": response, "error_message": null,
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
            "execution_metadata": {"workflow_completed": true, "model": "kubiya/test"},
        });
        self.says(run, body).await
    }

    /// Publishes an event, as it does: under the other name for a key.
    pub async fn publishes(&self, run: &str, name: &str, data: Value) -> Reply {
        let body = json!({"event_type": name, "data": data, "timestamp": NOON});
        self.with_user_key(&format!("/api/v1/executions/{run}/events"), body).await
    }

    /// Streams a piece of text.
    pub async fn streams(&self, run: &str, message_id: &str, content: &str) {
        let data = json!({
            "role": "assistant", "content": content, "is_chunk": true, "message_id": message_id,
        });
        let reply = self.publishes(run, "message_chunk", data).await;
        assert_eq!(reply.status, 202, "{reply}");
    }

    /// Reports a turn. `more` is laid over what it says.
    pub async fn reports_turn(&self, run: &str, number: u32, more: Value) -> Reply {
        let mut body = json!({
            "execution_id": run, "turn_number": number, "model": "kubiya/test", "started_at": NOON,
            "completed_at": NOON, "turn_id": null, "model_provider": "unknown", "duration_ms": 1200,
            "input_tokens": 11, "output_tokens": 7, "cache_read_tokens": 3,
            "cache_creation_tokens": 0, "total_tokens": 18, "input_cost": 0.000033,
            "output_cost": 0.000105, "cache_read_cost": 0.0, "cache_creation_cost": 0.0,
            "total_cost": 0.000138, "finish_reason": "stop", "tools_called_count": 0,
            "tools_called_names": [], "error_message": null, "metrics": {}, "runtime_minutes": 0.02,
            "model_weight": 1.0, "tool_calls_weight": 1.0, "aem_value": 0.02, "aem_cost": 0.003,
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        self.with_user_key("/api/v1/analytics/turns", body).await
    }

    /// Sends a body with the key in the form in which it sends most of them.
    pub async fn with_user_key(&self, path: &str, body: Value) -> Reply {
        let Organization { http, url, key, .. } = &self.org;
        let request = http.request(Method::POST, format!("{url}{path}"));
        let key = format!("UserKey {key}");
        Reply::read(request.header("Authorization", key).json(&body)).await
    }
}
