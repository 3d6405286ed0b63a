//! Anthropic's messages.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::format::Asked;
use crate::{Reply, Tokens};

pub(crate) fn frames(reply: &Reply, asked: &Asked) -> Vec<Bytes> {
    let mut message = message(reply, asked);
    message["content"] = json!([]);
    message["stop_reason"] = Value::Null;
    let mut frames = Frames {
        done: Vec::new(),
        next: event(json!({ "type": "message_start", "message": message })),
        index: 0,
    };
    if !reply.thinking.is_empty() {
        frames.start(json!({ "type": "thinking", "thinking": "", "signature": "" }));
        for piece in &reply.thinking {
            frames.delta(json!({ "type": "thinking_delta", "thinking": piece }));
        }
        frames.also(json!({ "type": "signature_delta", "signature": "signed" }));
        frames.stop();
    }
    let pieces = reply.pieces();
    if !pieces.is_empty() {
        frames.start(json!({ "type": "text", "text": "" }));
        for piece in pieces {
            frames.delta(json!({ "type": "text_delta", "text": piece }));
        }
        frames.stop();
    }
    for (place, call) in reply.tool_calls.iter().enumerate() {
        let id = call.id(asked.number, place);
        frames.start(json!({ "type": "tool_use", "id": id, "name": call.name, "input": {} }));
        let arguments = call.arguments_text();
        frames.delta(json!({ "type": "input_json_delta", "partial_json": arguments }));
        frames.stop();
    }
    frames.next.push_str(&event(json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop_reason(reply), "stop_sequence": null },
        "usage": { "output_tokens": reply.usage.output },
    })));
    frames.done.push(frames.next.into());
    frames.done.push(event(json!({ "type": "message_stop" })).into());
    frames.done
}

pub(crate) fn whole(reply: &Reply, asked: &Asked) -> Value {
    message(reply, asked)
}

/// Events, cut so that every piece of content ends a frame.
struct Frames {
    done: Vec<Bytes>,
    next: String,
    index: usize,
}

impl Frames {
    fn start(&mut self, block: Value) {
        self.next.push_str(&event(json!({
            "type": "content_block_start", "index": self.index, "content_block": block,
        })));
    }

    fn also(&mut self, delta: Value) {
        self.next.push_str(&event(json!({
            "type": "content_block_delta", "index": self.index, "delta": delta,
        })));
    }

    fn delta(&mut self, delta: Value) {
        self.also(delta);
        self.done.push(std::mem::take(&mut self.next).into());
    }

    fn stop(&mut self) {
        let stop = json!({ "type": "content_block_stop", "index": self.index });
        self.next.push_str(&event(stop));
        self.index += 1;
    }
}

fn message(reply: &Reply, asked: &Asked) -> Value {
    let mut content = Vec::new();
    if !reply.thinking.is_empty() {
        let thinking = reply.thinking.concat();
        content.push(json!({ "type": "thinking", "thinking": thinking, "signature": "signed" }));
    }
    let text = reply.pieces().concat();
    if !text.is_empty() {
        content.push(json!({ "type": "text", "text": text }));
    }
    for (place, call) in reply.tool_calls.iter().enumerate() {
        let id = call.id(asked.number, place);
        let input = match call.arguments.is_object() {
            true => call.arguments.clone(),
            false => json!({}),
        };
        content.push(json!({ "type": "tool_use", "id": id, "name": call.name, "input": input }));
    }
    json!({
        "id": format!("msg_{}", asked.number),
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": content,
        "stop_reason": stop_reason(reply),
        "stop_sequence": null,
        "usage": usage(&reply.usage),
    })
}

fn event(data: Value) -> String {
    let name = data["type"].as_str().unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

fn stop_reason(reply: &Reply) -> &str {
    let usual = match reply.tool_calls.is_empty() {
        true => "end_turn",
        false => "tool_use",
    };
    reply.finish_reason.as_deref().unwrap_or(usual)
}

fn usage(tokens: &Tokens) -> Value {
    json!({
        "input_tokens": tokens.input.saturating_sub(tokens.cached),
        "cache_read_input_tokens": tokens.cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": tokens.output,
    })
}
