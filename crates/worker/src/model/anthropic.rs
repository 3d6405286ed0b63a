//! Anthropic's messages format.

use drover_domain::Secret;
use drover_domain::activities::Usage;
use drover_domain::messages::ToolCallRequest;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::HeaderName;
use serde_json::{Map, Value, json};

use super::calls::{CallsError, MAX_ARGUMENTS, MAX_CALLS, parse_arguments, replayed_arguments};
use super::conversation::{Turn, turns};
use super::endpoint::{Endpoint, Names};
use super::http::{Answer, ModelHttp};
use super::{ChatModel, ChatReply, ChatRequest, Chunk, ModelError, Sink};

/// Keys of `llm_config` that this format knows under the same name.
const SETTINGS: [&str; 8] = [
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "thinking",
    "metadata",
    "service_tier",
];
/// The format demands a limit; this one is used where the agent sets none.
const DEFAULT_MAX_TOKENS: u64 = 8192;
/// Most content blocks taken of one answer.
const MAX_BLOCKS: usize = 1024;
/// The key of `provider_blocks` that says whose blocks they are.
const BLOCKS: &str = "anthropic";

/// A client of one provider that speaks Anthropic's format.
#[derive(Debug)]
pub struct Anthropic {
    http: ModelHttp,
    endpoint: Endpoint,
}

impl Anthropic {
    /// A client for `base`, which is without `/v1` as in Anthropic's own SDKs; a `/v1` at its end
    /// is tolerated.
    pub fn new(
        http: ModelHttp,
        base: &str,
        key: Option<&Secret<String>>,
    ) -> Result<Self, ModelError> {
        let names = Names {
            provider: "anthropic",
            key_setting: Some("ANTHROPIC_API_KEY"),
            base_setting: "ANTHROPIC_BASE_URL",
            base_hint: "",
        };
        let base = base.trim().trim_end_matches('/');
        let base = base.strip_suffix("/v1").unwrap_or(base);
        let header = (HeaderName::from_static("x-api-key"), "");
        let endpoint = Endpoint::new(names, base, "/v1/messages", key, header)?
            .with_header("anthropic-version", "2023-06-01");
        Ok(Self { http, endpoint })
    }
}

impl ChatModel for Anthropic {
    fn provider(&self) -> &'static str {
        self.endpoint.names.provider
    }

    fn chat<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut Sink<'_>,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        async move {
            let answer = Reading {
                endpoint: &self.endpoint,
                turn: request.messages.len(),
                model: None,
                asked: request.model,
                blocks: Vec::new(),
                stop_reason: None,
                usage: RawUsage::default(),
            };
            let body = body(&request);
            self.http.ask(&self.endpoint, &body, Box::new(answer), sink).await
        }
        .boxed()
    }
}

fn body(request: &ChatRequest<'_>) -> Value {
    let mut body = Map::new();
    body.insert("max_tokens".into(), DEFAULT_MAX_TOKENS.into());
    for name in SETTINGS {
        if let Some(value) = request.settings.get(name)
            && !value.is_null()
        {
            body.insert(name.to_owned(), value.clone());
        }
    }
    let stops = match &request.settings["stop"] {
        Value::String(stop) => Some(json!([stop])),
        stops @ Value::Array(_) => Some(stops.clone()),
        _ => None,
    };
    body.extend(stops.map(|stops| ("stop_sequences".to_owned(), stops)));
    body.insert("model".into(), request.model.into());
    body.insert("stream".into(), true.into());
    if let Some(system) = request.system.filter(|system| !system.trim().is_empty()) {
        body.insert("system".into(), system.into());
    }
    body.insert("messages".into(), messages(request));
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool.parameters,
            })
        });
        body.insert("tools".into(), tools.collect());
        // OpenAI's form is a word, this format's is an object.
        if let choice @ Value::Object(_) = &request.settings["tool_choice"] {
            body.insert("tool_choice".into(), choice.clone());
        }
    }
    Value::Object(body)
}

fn messages(request: &ChatRequest<'_>) -> Value {
    let messages = turns(request.messages).into_iter().map(|turn| match turn {
        Turn::Assistant { text, calls, blocks } => {
            let recorded = blocks.and_then(|blocks| blocks[BLOCKS].as_array());
            let content = match recorded {
                Some(blocks) => blocks.iter().filter(|block| !is_blank(block)).cloned().collect(),
                None => assistant_content(text, calls),
            };
            json!({ "role": "assistant", "content": content })
        }
        Turn::User { results, texts } => {
            let results = results.into_iter().map(|result| {
                json!({
                    "type": "tool_result",
                    "tool_use_id": tool_use_id(result.call_id),
                    "content": result.content,
                    "is_error": result.is_error,
                })
            });
            let texts = texts.into_iter();
            let texts = texts.map(|text| json!({ "type": "text", "text": text }));
            json!({ "role": "user", "content": results.chain(texts).collect::<Vec<_>>() })
        }
    });
    messages.collect()
}

fn assistant_content(text: &str, calls: &[ToolCallRequest]) -> Vec<Value> {
    let text = (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }));
    let calls = calls.iter().map(|call| {
        json!({
            "type": "tool_use",
            "id": tool_use_id(&call.id),
            "name": call.name,
            "input": replayed_arguments(&call.arguments),
        })
    });
    text.into_iter().chain(calls).collect()
}

/// Anthropic sends text blocks of nothing but whitespace, and refuses to take them back.
fn is_blank(block: &Value) -> bool {
    block["type"] == "text" && block["text"].as_str().unwrap_or("").trim().is_empty()
}

/// An id as this format allows it; another provider may have made it.
fn tool_use_id(id: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    id.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}

/// An answer being read.
struct Reading<'a> {
    endpoint: &'a Endpoint,
    turn: usize,
    asked: &'a str,
    model: Option<String>,
    blocks: Vec<Block>,
    stop_reason: Option<String>,
    usage: RawUsage,
}

impl Answer for Reading<'_> {
    fn event(&mut self, data: &str, sink: &mut Sink<'_>) -> Result<bool, ModelError> {
        // Some gateways end this format's stream as they end the other's.
        if data.trim() == "[DONE]" {
            return Ok(!self.is_complete());
        }
        let mut event: Value = serde_json::from_str(data)
            .map_err(|error| self.endpoint.malformed(&error.to_string()))?;
        let index = event["index"].as_u64().unwrap_or(0);
        match event["type"].as_str() {
            Some("message_start") => self.take_head(&event["message"]),
            Some("content_block_start") => {
                self.start_block(index, event["content_block"].take(), sink)?;
            }
            Some("content_block_delta") => self.take_delta(index, &event["delta"], sink)?,
            Some("message_delta") => {
                self.usage.update(&event["usage"]);
                self.take_stop_reason(&event["delta"]);
            }
            Some("message_stop") => return Ok(false),
            Some("error") => return Err(self.endpoint.reported(&event["error"])),
            // Gateways report their own errors without a type.
            None if event["error"].is_object() => {
                return Err(self.endpoint.reported(&event["error"]));
            }
            // `ping`, `content_block_stop`, and what may be invented later.
            _ => {}
        }
        Ok(true)
    }

    fn whole(&mut self, mut answer: Value, sink: &mut Sink<'_>) -> Result<(), ModelError> {
        let Value::Array(blocks) = answer["content"].take() else {
            return Err(self.endpoint.malformed("JSON without `content`"));
        };
        self.take_head(&answer);
        for (index, block) in (0..).zip(blocks) {
            self.start_block(index, block, sink)?;
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.stop_reason.is_some()
    }

    fn finish(self: Box<Self>) -> Result<ChatReply, ModelError> {
        let endpoint = self.endpoint;
        let mut text = String::new();
        let mut tool_calls: Vec<ToolCallRequest> = Vec::new();
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for block in self.blocks {
            text.push_str(&block.text);
            if block.is("tool_use") {
                let call = block
                    .call(self.turn, &tool_calls)
                    .ok_or_else(|| endpoint.bad_calls(CallsError::Nameless))?;
                blocks.push(json!({
                    "type": "tool_use",
                    "id": tool_use_id(&call.id),
                    "name": call.name,
                    "input": replayed_arguments(&call.arguments),
                }));
                tool_calls.push(call);
            } else {
                blocks.push(block.finished());
            }
        }
        let is_plain = |block: &Value| block["type"] == "text" || block["type"] == "tool_use";
        let says_more = !blocks.iter().all(is_plain);
        Ok(ChatReply {
            text,
            tool_calls,
            provider_blocks: says_more.then(|| json!({ BLOCKS: blocks })),
            finish_reason: self.stop_reason,
            model: self.model.unwrap_or_else(|| self.asked.to_owned()),
            usage: self.usage.into(),
        })
    }
}

impl Reading<'_> {
    fn take_head(&mut self, message: &Value) {
        if let Some(model) = message["model"].as_str().filter(|model| !model.is_empty()) {
            self.model = Some(model.to_owned());
        }
        self.usage.update(&message["usage"]);
        self.take_stop_reason(message);
    }

    fn take_stop_reason(&mut self, holder: &Value) {
        if let Some(reason) = holder["stop_reason"].as_str() {
            self.stop_reason = Some(reason.to_owned());
        }
    }

    fn start_block(
        &mut self,
        index: u64,
        start: Value,
        sink: &mut Sink<'_>,
    ) -> Result<(), ModelError> {
        let block = Block::new(index, start);
        let calls = self.blocks.iter().filter(|block| block.is("tool_use"));
        if self.blocks.len() == MAX_BLOCKS || (block.is("tool_use") && calls.count() == MAX_CALLS) {
            return Err(self.endpoint.bad_calls(CallsError::TooMany));
        }
        emit(sink, Chunk::Thinking(block.thinking.clone()));
        emit(sink, Chunk::Text(block.text.clone()));
        self.blocks.push(block);
        Ok(())
    }

    fn take_delta(
        &mut self,
        index: u64,
        delta: &Value,
        sink: &mut Sink<'_>,
    ) -> Result<(), ModelError> {
        // Some gateways never begin their only text block.
        if self.blocks.iter().all(|block| block.index != index) {
            self.start_block(index, json!({ "type": "text" }), sink)?;
        }
        let at = self.blocks.iter().rposition(|block| block.index == index);
        let Some(block) = at.map(|at| &mut self.blocks[at]) else {
            return Ok(());
        };
        let piece = |name: &str| delta[name].as_str().unwrap_or_default();
        match delta["type"].as_str() {
            Some("text_delta") => {
                block.text.push_str(piece("text"));
                emit(sink, Chunk::Text(piece("text").to_owned()));
            }
            Some("thinking_delta") => {
                block.thinking.push_str(piece("thinking"));
                emit(sink, Chunk::Thinking(piece("thinking").to_owned()));
            }
            Some("signature_delta") => block.signature.push_str(piece("signature")),
            Some("input_json_delta") => {
                let json = piece("partial_json");
                if block.arguments.len() + json.len() > MAX_ARGUMENTS {
                    return Err(self.endpoint.bad_calls(CallsError::TooLong));
                }
                block.arguments.push_str(json);
            }
            _ => {}
        }
        Ok(())
    }
}

fn emit(sink: &mut Sink<'_>, chunk: Chunk) {
    match &chunk {
        Chunk::Text(text) | Chunk::Thinking(text) if text.is_empty() => {}
        _ => sink(chunk),
    }
}

/// A content block: as it began, and what deltas added.
struct Block {
    index: u64,
    start: Value,
    text: String,
    thinking: String,
    signature: String,
    arguments: String,
}

impl Block {
    fn new(index: u64, start: Value) -> Self {
        let text = |name: &str| start[name].as_str().unwrap_or_default().to_owned();
        Self {
            index,
            text: text("text"),
            thinking: text("thinking"),
            signature: text("signature"),
            arguments: String::new(),
            start,
        }
    }

    fn is(&self, kind: &str) -> bool {
        self.start["type"] == kind
    }

    /// The arguments: as deltas spelt them, or whole in the block's beginning.
    fn input(&self) -> Value {
        match &self.start["input"] {
            start @ Value::Object(_) if self.arguments.is_empty() => start.clone(),
            _ => parse_arguments(self.arguments.clone()),
        }
    }

    /// The call that a `tool_use` block asks for; `None` if it has no name.
    fn call(&self, turn: usize, earlier: &[ToolCallRequest]) -> Option<ToolCallRequest> {
        let name = self.start["name"].as_str().filter(|name| !name.is_empty())?;
        let id = self.start["id"].as_str().unwrap_or_default();
        let id_is_usable = !id.is_empty() && earlier.iter().all(|call| call.id != id);
        Some(ToolCallRequest {
            id: match id_is_usable {
                true => id.to_owned(),
                false => format!("call_{turn}_{}", earlier.len()),
            },
            name: name.to_owned(),
            arguments: self.input(),
        })
    }

    /// The block as it is sent back.
    fn finished(self) -> Value {
        match self.start["type"].as_str() {
            Some("text") => json!({ "type": "text", "text": self.text }),
            Some("thinking") => json!({
                "type": "thinking",
                "thinking": self.thinking,
                "signature": self.signature,
            }),
            _ => {
                let input = (!self.arguments.is_empty()).then(|| self.input());
                let mut block = self.start;
                if let Some(input) = input {
                    block["input"] = input;
                }
                block
            }
        }
    }
}

/// Counts as the format gives them: `input_tokens` leaves out what the cache took or gave. Later
/// events repeat some of them, with higher values.
#[derive(Default)]
struct RawUsage {
    input: u64,
    cache_read: u64,
    cache_written: u64,
    output: u64,
}

impl RawUsage {
    fn update(&mut self, usage: &Value) {
        let places = [
            ("input_tokens", &mut self.input),
            ("cache_read_input_tokens", &mut self.cache_read),
            ("cache_creation_input_tokens", &mut self.cache_written),
            ("output_tokens", &mut self.output),
        ];
        for (name, place) in places {
            if let Some(number) = usage[name].as_u64() {
                *place = number.max(*place);
            }
        }
    }
}

impl From<RawUsage> for Usage {
    fn from(raw: RawUsage) -> Self {
        let cache = raw.cache_read.saturating_add(raw.cache_written);
        Self {
            input: raw.input.saturating_add(cache),
            output: raw.output,
            cached: raw.cache_read,
            // Counted in `output`, not told apart.
            reasoning: 0,
        }
    }
}
