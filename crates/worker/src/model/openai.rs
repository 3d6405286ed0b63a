//! OpenAI's chat completions: the format of OpenAI, vLLM, Ollama, LiteLLM and most gateways.

use drover_domain::Secret;
use drover_domain::activities::Usage;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value, json};

use super::calls::{Calls, Fragment, replayed_arguments};
use super::conversation::{Turn, turns};
use super::endpoint::{Endpoint, Names};
use super::http::{Answer, ModelHttp};
use super::{ChatModel, ChatReply, ChatRequest, Chunk, ModelError, Sink};

/// Keys of `llm_config` that this format knows.
const SETTINGS: [&str; 14] = [
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "response_format",
    "reasoning_effort",
    "tool_choice",
    "parallel_tool_calls",
    "service_tier",
];

/// A client of one provider that speaks OpenAI's format.
#[derive(Debug)]
pub struct OpenAi {
    http: ModelHttp,
    endpoint: Endpoint,
}

impl OpenAi {
    /// A client for `base`, which is used as OpenAI's own SDKs use `OPENAI_BASE_URL`: as it is,
    /// so it normally ends in `/v1`.
    pub fn new(
        http: ModelHttp,
        base: &str,
        key: Option<&Secret<String>>,
    ) -> Result<Self, ModelError> {
        let names = Names {
            provider: "openai",
            key_setting: Some("OPENAI_API_KEY"),
            base_setting: "OPENAI_BASE_URL",
            base_hint: match base.trim().trim_end_matches('/').ends_with("/v1") {
                true => "",
                false => " (it usually ends in /v1)",
            },
        };
        Self::named(http, names, base, key)
    }

    /// A client for an Ollama server at `host`, as `OLLAMA_HOST` gives it: with or without scheme
    /// and port.
    pub fn ollama(http: ModelHttp, host: &str) -> Result<Self, ModelError> {
        let names = Names {
            provider: "ollama",
            key_setting: None,
            base_setting: "OLLAMA_HOST",
            base_hint: ", and that the model has been pulled",
        };
        Self::named(http, names, &ollama_base(host), None)
    }

    fn named(
        http: ModelHttp,
        names: Names,
        base: &str,
        key: Option<&Secret<String>>,
    ) -> Result<Self, ModelError> {
        let header = (AUTHORIZATION, "Bearer ");
        let endpoint = Endpoint::new(names, base, "/chat/completions", key, header)?;
        Ok(Self { http, endpoint })
    }
}

impl ChatModel for OpenAi {
    fn provider(&self) -> &'static str {
        self.endpoint.names.provider
    }

    fn chat<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut Sink<'_>,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        async move {
            let answer = Completion {
                endpoint: &self.endpoint,
                turn: request.messages.len(),
                model: None,
                asked: request.model,
                text: String::new(),
                calls: Calls::default(),
                finish_reason: None,
                usage: Usage::default(),
            };
            let body = body(&request);
            self.http.ask(&self.endpoint, &body, Box::new(answer), sink).await
        }
        .boxed()
    }
}

/// `OLLAMA_HOST` as Ollama reads it (`host`, `host:port`, a URL; 0.0.0.0 means this machine), made
/// a base URL of this format.
fn ollama_base(host: &str) -> String {
    let host = host.trim().trim_end_matches('/');
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", host));
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    let authority = match (scheme, has_port) {
        ("http", false) if host.contains("://") => format!("{authority}:80"),
        ("http", false) => format!("{authority}:11434"),
        _ => authority.to_owned(),
    };
    let authority = match authority.strip_prefix("0.0.0.0:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => authority,
    };
    let path = path.strip_suffix("/v1").unwrap_or(path);
    format!("{scheme}://{authority}{path}/v1")
}

fn body(request: &ChatRequest<'_>) -> Value {
    let mut body = Map::new();
    for name in SETTINGS {
        if let Some(value) = request.settings.get(name)
            && !value.is_null()
        {
            body.insert(setting_name(name, request.model).to_owned(), value.clone());
        }
    }
    body.insert("model".into(), request.model.into());
    body.insert("messages".into(), messages(request));
    body.insert("stream".into(), true.into());
    body.insert("stream_options".into(), json!({ "include_usage": true }));
    if request.tools.is_empty() {
        // Without tools these two are errors.
        body.remove("tool_choice");
        body.remove("parallel_tool_calls");
    } else {
        let tools = request.tools.iter().map(|tool| {
            json!({ "type": "function", "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            }})
        });
        body.insert("tools".into(), tools.collect());
    }
    Value::Object(body)
}

/// OpenAI's reasoning models refuse `max_tokens`; other servers know nothing else.
fn setting_name<'a>(name: &'a str, model: &str) -> &'a str {
    let reasons = ["gpt-5", "o1", "o3", "o4"];
    match name {
        "max_tokens" if reasons.iter().any(|family| model.starts_with(family)) => {
            "max_completion_tokens"
        }
        other => other,
    }
}

fn messages(request: &ChatRequest<'_>) -> Value {
    let mut messages = Vec::new();
    if let Some(system) = request.system.filter(|system| !system.trim().is_empty()) {
        messages.push(json!({ "role": "system", "content": system }));
    }
    for turn in turns(request.messages) {
        match turn {
            Turn::Assistant { text, calls, .. } => {
                let content = (!text.is_empty()).then_some(text);
                let mut message = json!({ "role": "assistant", "content": content });
                if !calls.is_empty() {
                    let calls = calls.iter().map(|call| {
                        let arguments = replayed_arguments(&call.arguments).to_string();
                        json!({ "id": call.id, "type": "function", "function": {
                            "name": call.name,
                            "arguments": arguments,
                        }})
                    });
                    message["tool_calls"] = calls.collect();
                }
                messages.push(message);
            }
            Turn::User { results, texts } => {
                messages.extend(results.into_iter().map(|result| {
                    json!({
                        "role": "tool",
                        "tool_call_id": result.call_id,
                        "content": result.content,
                    })
                }));
                let texts = texts.into_iter();
                messages.extend(texts.map(|text| json!({ "role": "user", "content": text })));
            }
        }
    }
    Value::Array(messages)
}

/// An answer being read.
struct Completion<'a> {
    endpoint: &'a Endpoint,
    turn: usize,
    asked: &'a str,
    model: Option<String>,
    text: String,
    calls: Calls,
    finish_reason: Option<String>,
    usage: Usage,
}

impl Answer for Completion<'_> {
    fn event(&mut self, data: &str, sink: &mut Sink<'_>) -> Result<bool, ModelError> {
        if data.trim() == "[DONE]" {
            return Ok(false);
        }
        let chunk: Value = serde_json::from_str(data)
            .map_err(|error| self.endpoint.malformed(&error.to_string()))?;
        match chunk.get("error") {
            Some(error) if !error.is_null() => return Err(self.endpoint.reported(error)),
            _ => self.take(&chunk, "delta", sink)?,
        }
        Ok(true)
    }

    fn whole(&mut self, answer: Value, sink: &mut Sink<'_>) -> Result<(), ModelError> {
        if answer.pointer("/choices/0/message").is_none() {
            return Err(self.endpoint.malformed("JSON without `choices`"));
        }
        self.take(&answer, "message", sink)
    }

    fn is_complete(&self) -> bool {
        self.finish_reason.is_some()
    }

    fn finish(self: Box<Self>) -> Result<ChatReply, ModelError> {
        let endpoint = self.endpoint;
        let calls = self.calls.finish(self.turn);
        Ok(ChatReply {
            text: self.text,
            tool_calls: calls.map_err(|error| endpoint.bad_calls(error))?,
            provider_blocks: None,
            finish_reason: self.finish_reason,
            model: self.model.unwrap_or_else(|| self.asked.to_owned()),
            usage: self.usage,
        })
    }
}

impl Completion<'_> {
    /// Takes a chunk (`delta`) or a whole answer (`message`): they differ in nothing else.
    fn take(&mut self, chunk: &Value, part: &str, sink: &mut Sink<'_>) -> Result<(), ModelError> {
        if let Some(model) = chunk["model"].as_str().filter(|model| !model.is_empty()) {
            self.model.get_or_insert_with(|| model.to_owned());
        }
        // Beside choices or without any; some servers send a running total with every chunk.
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.usage = read_usage(usage);
        }
        let choices = chunk["choices"].as_array().map_or(&[][..], Vec::as_slice);
        let is_first = |choice: &&Value| choice["index"].as_u64().unwrap_or(0) == 0;
        let Some(choice) = choices.iter().find(is_first) else {
            return Ok(());
        };
        let message = &choice[part];
        for name in ["reasoning_content", "reasoning"] {
            if let Some(text) = message[name].as_str().filter(|text| !text.is_empty()) {
                sink(Chunk::Thinking(text.to_owned()));
                break;
            }
        }
        self.take_content(&message["content"], sink);
        self.take_content(&message["refusal"], sink);
        let calls = message["tool_calls"].as_array();
        for call in calls.map_or(&[][..], Vec::as_slice) {
            self.take_call(call)?;
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish_reason = Some(reason.to_owned());
        }
        Ok(())
    }

    /// Content is text, or (Mistral) a list of parts.
    fn take_content(&mut self, content: &Value, sink: &mut Sink<'_>) {
        match content {
            Value::String(text) if !text.is_empty() => {
                self.text.push_str(text);
                sink(Chunk::Text(text.clone()));
            }
            Value::Array(parts) => {
                for part in parts {
                    self.take_content(&part["text"], sink);
                    for thought in part["thinking"].as_array().map_or(&[][..], Vec::as_slice) {
                        if let Some(text) = thought["text"].as_str() {
                            sink(Chunk::Thinking(text.to_owned()));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn take_call(&mut self, call: &Value) -> Result<(), ModelError> {
        let function = &call["function"];
        // Some servers send arguments as an object instead of as text.
        let arguments = match &function["arguments"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let fragment = Fragment {
            index: call["index"].as_u64(),
            id: call["id"].as_str().unwrap_or_default(),
            name: function["name"].as_str().unwrap_or_default(),
            arguments: &arguments,
        };
        self.calls.add(&fragment).map_err(|error| self.endpoint.bad_calls(error))
    }
}

fn read_usage(usage: &Value) -> Usage {
    let number = |place: &str| usage.pointer(place).and_then(Value::as_u64);
    let input = number("/prompt_tokens").unwrap_or(0);
    let output = number("/completion_tokens").unwrap_or(0);
    let reasoning = number("/completion_tokens_details/reasoning_tokens").unwrap_or(0);
    let cached = number("/prompt_tokens_details/cached_tokens")
        .or_else(|| number("/prompt_cache_hit_tokens"))
        .unwrap_or(0);
    // xAI counts reasoning beside the answer; its total gives that away.
    let all = input.saturating_add(output).saturating_add(reasoning);
    let output = match reasoning > 0 && number("/total_tokens") == Some(all) {
        true => output.saturating_add(reasoning),
        false => output,
    };
    Usage { input, output, cached: cached.min(input), reasoning: reasoning.min(output) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ollama_host_is_read_as_ollama_reads_it() {
        for (host, base) in [
            ("localhost", "http://localhost:11434/v1"),
            ("10.0.0.1:9", "http://10.0.0.1:9/v1"),
            ("0.0.0.0", "http://127.0.0.1:11434/v1"),
            ("http://host:9/", "http://host:9/v1"),
            ("http://host:9/v1", "http://host:9/v1"),
            ("https://host/ollama", "https://host/ollama/v1"),
        ] {
            assert_eq!(ollama_base(host), base);
        }
    }

    #[test]
    fn reasoning_that_is_counted_beside_the_answer_is_added() {
        let inside = json!({
            "prompt_tokens": 10, "completion_tokens": 8, "total_tokens": 18,
            "completion_tokens_details": {"reasoning_tokens": 5},
            "prompt_tokens_details": {"cached_tokens": 4},
        });
        let usage = read_usage(&inside);
        assert_eq!((usage.input, usage.cached), (10, 4));
        assert_eq!((usage.output, usage.reasoning), (8, 5));

        let mut beside = inside;
        beside["total_tokens"] = 23.into();
        assert_eq!(read_usage(&beside).output, 13);
    }
}
