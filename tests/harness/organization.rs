//! An organization, as its owner uses it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Model, Plane, Worker, unique};

/// Longest wait for a frame of a stream.
const PATIENCE: Duration = Duration::from_secs(60);

/// An organization with a key of its owner.
#[derive(Clone)]
pub struct Organization {
    pub name: String,
    pub key: String,
    pub environment_id: String,
    pub queue_id: String,
    pub url: String,
    pub http: reqwest::Client,
    /// Its own worker, if it has one; it ends with the last who knows of it.
    pub worker: Option<Arc<Worker>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

/// One frame of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Empty if it has none.
    pub id: String,
    pub event: String,
    pub data: Value,
}

impl Frame {
    /// Reads a frame; `None` for a comment.
    fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
            let value = lines.next().unwrap_or_default().to_owned();
            assert_eq!(lines.next(), None, "one line for {name:?} in {text:?}");
            value
        };
        if text.starts_with(':') {
            return None;
        }
        let data = serde_json::from_str(&field("data: ")).expect("JSON data");
        Some(Self { id: field("id: "), event: field("event: "), data })
    }
}

/// The names of frames, in order.
pub fn names(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(|frame| frame.event.as_str()).collect()
}

impl Reply {
    /// Sends a request and reads its answer.
    pub async fn read(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if of("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
            // It may go on for long; who wants its frames calls `Organization::stream`.
            return Self { status, headers, body: Value::Null };
        }
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    /// A header of the answer; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A text of the body.
    pub fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("`{field}` in {self}")).to_owned()
    }

    /// A text of each item of a list.
    pub fn texts(&self, field: &str) -> Vec<&str> {
        let items = self.body.as_array().unwrap_or_else(|| panic!("not a list: {self}"));
        items.iter().map(|item| item[field].as_str().expect("a text")).collect()
    }

    /// The fields that a 422 names, dotted: `body.name`.
    pub fn fields(&self) -> Vec<String> {
        let items = self.body["detail"].as_array().cloned().unwrap_or_default();
        let part = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
        let loc = |item: &Value| {
            let parts = item["loc"].as_array().cloned().unwrap_or_default();
            parts.iter().map(part).collect::<Vec<_>>().join(".")
        };
        items.iter().map(loc).collect()
    }
}

/// Status and body, as a test would write them down.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.body)
    }
}

impl Organization {
    /// A request with the owner's key.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }
    pub async fn get(&self, path: &str) -> Reply {
        Reply::read(self.request(Method::GET, path)).await
    }
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::read(self.request(Method::POST, path).json(&body)).await
    }
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        Reply::read(self.request(Method::PATCH, path).json(&body)).await
    }
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        Reply::read(self.request(Method::PUT, path).json(&body)).await
    }
    pub async fn delete(&self, path: &str) -> Reply {
        Reply::read(self.request(Method::DELETE, path)).await
    }

    /// The same organization on another start of its plane.
    pub fn at(&self, plane: &Plane) -> Self {
        Self { url: plane.url.clone(), http: plane.http.clone(), ..self.clone() }
    }

    /// The same organization through another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The same organization through a new key with this role.
    pub async fn with_role(&self, role: &str) -> Self {
        let reply = self.post("/api/v1/api-keys", json!({"name": role, "role": role})).await;
        assert_eq!(reply.status, 201, "{reply}");
        self.with_key(&reply.text("api_key"))
    }

    /// Makes something and gives its id.
    pub async fn create(&self, path: &str, body: Value) -> String {
        let reply = self.post(path, body).await;
        assert_eq!(reply.status, 201, "{reply}");
        reply.body["id"].as_str().expect("an id").to_owned()
    }

    /// An agent with this model and the organization's Shell skill.
    pub async fn agent(&self, model: &str) -> String {
        let body = json!({"name": unique("agent"), "model_id": model});
        self.create("/api/v1/agents", body).await
    }

    /// A job of an agent with this prompt.
    pub async fn job(&self, agent: &str, prompt: &str) -> String {
        let body = json!({
            "name": unique("job"), "trigger_type": "manual", "prompt_template": prompt,
            "planning_mode": "predefined_agent", "entity_type": "agent", "entity_id": agent,
        });
        self.create("/api/v1/jobs", body).await
    }

    /// A queue that no worker serves.
    pub async fn queue_without_worker(&self) -> String {
        let path = format!("/api/v1/environments/{}/worker-queues", self.environment_id);
        self.create(&path, json!({"name": unique("queue")})).await
    }

    /// Triggers a job and gives the run's id.
    pub async fn trigger(&self, job: &str, parameters: Value) -> String {
        let path = format!("/api/v1/jobs/{job}/trigger");
        let reply = self.post(&path, json!({"parameters": parameters})).await;
        assert_eq!(reply.status, 200, "{reply}");
        reply.body["execution_id"].as_str().expect("an id").to_owned()
    }

    /// Asks an agent and gives the run's id.
    pub async fn execute(&self, agent: &str, body: Value) -> String {
        let reply = self.post(&format!("/api/v1/agents/{agent}/execute"), body).await;
        assert_eq!(reply.status, 200, "{reply}");
        reply.body["execution_id"].as_str().expect("an id").to_owned()
    }

    /// Asks a new agent with this model and gives the run's id.
    pub async fn ask(&self, model: &Model, prompt: &str) -> String {
        let agent = self.agent(&model.name).await;
        self.execute(&agent, json!({"prompt": prompt})).await
    }

    /// Asks a new agent with this model and these settings and gives the run's id.
    pub async fn ask_with(&self, model: &Model, configuration: Value) -> String {
        let body = json!({
            "name": unique("agent"), "model_id": model.name, "configuration": configuration,
        });
        let agent = self.create("/api/v1/agents", body).await;
        self.execute(&agent, json!({"prompt": "go"})).await
    }

    /// A message for a run.
    pub async fn say(&self, execution: &str, message: &str) -> Reply {
        let path = format!("/api/v1/executions/{execution}/message");
        self.post(&path, json!({"message": message})).await
    }

    /// Stops a run.
    pub async fn cancel(&self, execution: &str) -> Reply {
        self.post(&format!("/api/v1/executions/{execution}/cancel"), json!({})).await
    }

    /// What the tools of a run have answered, in order.
    pub async fn tool_answers(&self, execution: &str) -> Vec<String> {
        let session = self.get(&format!("/api/v1/executions/{execution}/session")).await;
        assert_eq!(session.status, 200, "{session}");
        let messages = session.body["messages"].as_array().expect("messages").clone();
        let tools = messages.into_iter().filter(|message| message["role"] == "tool");
        tools.map(|message| message["content"].as_str().expect("a text").to_owned()).collect()
    }

    /// The run as it is now.
    pub async fn execution(&self, id: &str) -> Value {
        let reply = self.get(&format!("/api/v1/executions/{id}")).await;
        assert_eq!(reply.status, 200, "{reply}");
        reply.body
    }

    /// The run once it has ended.
    pub async fn finished(&self, id: &str) -> Value {
        self.stream(id, None).await;
        self.execution(id).await
    }

    /// Follows a run, from its beginning or from behind an entry, until it waits for input; the id of
    /// the entry that says so. What a stream begins with tells the state too, and is no entry.
    pub async fn waits_for_input(&self, id: &str, last_event_id: Option<&str>) -> String {
        let waits =
            |frame: &Frame| frame.event == "status" && frame.data["status"] == "waiting_for_input";
        let frames = self.stream_until(id, last_event_id, waits).await;
        let last = frames.last().expect("frames");
        assert!(waits(last), "it has ended: {last:?}");
        last.id.clone()
    }

    /// All frames of a run's stream, to its end.
    pub async fn stream(&self, id: &str, last_event_id: Option<&str>) -> Vec<Frame> {
        self.stream_until(id, last_event_id, |_| false).await
    }

    /// The frames of a run's stream up to the one that `enough` says, or to its end.
    pub async fn stream_until(
        &self,
        id: &str,
        last_event_id: Option<&str>,
        enough: impl FnMut(&Frame) -> bool,
    ) -> Vec<Frame> {
        let frames = timeout(PATIENCE, self.read_stream(id, last_event_id, enough)).await;
        frames.unwrap_or_else(|_| panic!("the stream of {id} goes on and on without the frame"))
    }

    async fn read_stream(
        &self,
        id: &str,
        last_event_id: Option<&str>,
        mut enough: impl FnMut(&Frame) -> bool,
    ) -> Vec<Frame> {
        let mut request = self.request(Method::GET, &format!("/api/v1/executions/{id}/stream"));
        if let Some(last) = last_event_id {
            request = request.header("Last-Event-ID", last);
        }
        let mut response = request.send().await.expect("a stream");
        assert_eq!(response.status(), 200);
        let (mut frames, mut unread) = (Vec::new(), Vec::new());
        while let Some(bytes) = response.chunk().await.expect("a stream that is not cut") {
            unread.extend_from_slice(&bytes);
            while let Some(end) = unread.windows(2).position(|two| two == b"\n\n") {
                let text: Vec<u8> = unread.drain(..end + 2).collect();
                let Some(frame) = Frame::parse(&String::from_utf8(text).expect("UTF-8")) else {
                    continue;
                };
                let done = enough(&frame);
                frames.push(frame);
                if done {
                    return frames;
                }
            }
        }
        assert_eq!(unread, b"", "the last frame is whole");
        frames
    }

    /// The whole log of a run, gapless or else the test fails.
    pub async fn log(&self, id: &str) -> Vec<Value> {
        let mut entries: Vec<Value> = Vec::new();
        loop {
            let after = entries.len();
            let path = format!("/api/v1/executions/{id}/events?limit=500&after={after}");
            let page = self.get(&path).await;
            assert_eq!(page.status, 200, "{page}");
            let events = page.body["events"].as_array().expect("events").clone();
            if events.is_empty() {
                assert_eq!(
                    page.body["last_seq"],
                    json!(entries.len()),
                    "the head is the last entry"
                );
                return entries;
            }
            for event in events {
                assert_eq!(event["seq"], json!(entries.len() + 1), "gapless from 1");
                entries.push(event);
            }
        }
    }
}
