//! OpenAI's chat completions.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::format::Asked;
use crate::{Reply, Tokens};

pub(crate) fn frames(reply: &Reply, asked: &Asked) -> Vec<Bytes> {
    let mut deltas: Vec<Value> = Vec::new();
    let thinking = reply.thinking.iter();
    deltas.extend(thinking.map(|piece| json!({ "reasoning_content": piece })));
    let pieces = reply.pieces().into_iter();
    deltas.extend(pieces.map(|piece| json!({ "content": piece })));
    for (place, call) in reply.tool_calls.iter().enumerate() {
        let head = json!({ "name": call.name, "arguments": "" });
        deltas.push(json!({ "tool_calls": [{
            "index": place, "id": call.id(asked.number, place), "type": "function", "function": head,
        }]}));
        let arguments = call.arguments_text();
        let middle = (0..=arguments.len() / 2).rev();
        let middle = middle.into_iter().find(|at| arguments.is_char_boundary(*at));
        let (start, rest) = arguments.split_at(middle.unwrap_or(0));
        for part in [start, rest].into_iter().filter(|part| !part.is_empty()) {
            deltas.push(json!({ "tool_calls": [{
                "index": place, "function": { "arguments": part },
            }]}));
        }
    }
    if let Some(first) = deltas.first_mut() {
        first["role"] = "assistant".into();
    }
    let mut frames: Vec<Bytes> = deltas
        .into_iter()
        .map(|delta| {
            event(&chunk(asked, json!([{ "index": 0, "delta": delta, "finish_reason": null }])))
        })
        .map(Bytes::from)
        .collect();

    let reason = finish_reason(reply);
    let choices = json!([{ "index": 0, "delta": {}, "finish_reason": reason }]);
    frames.push(event(&chunk(asked, choices)).into());

    let mut end = String::new();
    if asked.wants_usage() {
        let mut last = chunk(asked, json!([]));
        last["usage"] = usage(&reply.usage);
        end.push_str(&event(&last));
    }
    end.push_str("data: [DONE]\n\n");
    frames.push(end.into());
    frames
}

pub(crate) fn whole(reply: &Reply, asked: &Asked) -> Value {
    let mut message = json!({ "role": "assistant", "content": reply.pieces().concat() });
    if !reply.thinking.is_empty() {
        message["reasoning_content"] = reply.thinking.concat().into();
    }
    if !reply.tool_calls.is_empty() {
        let calls = reply.tool_calls.iter().enumerate().map(|(place, call)| {
            let function = json!({ "name": call.name, "arguments": call.arguments_text() });
            json!({
                "id": call.id(asked.number, place), "type": "function", "function": function,
            })
        });
        message["tool_calls"] = calls.collect();
    }
    json!({
        "id": format!("chatcmpl-{}", asked.number),
        "object": "chat.completion",
        "created": 0,
        "model": asked.model,
        "choices": [{ "index": 0, "message": message, "finish_reason": finish_reason(reply) }],
        "usage": usage(&reply.usage),
    })
}

fn chunk(asked: &Asked, choices: Value) -> Value {
    json!({
        "id": format!("chatcmpl-{}", asked.number),
        "object": "chat.completion.chunk",
        "created": 0,
        "model": asked.model,
        "choices": choices,
    })
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn finish_reason(reply: &Reply) -> &str {
    let usual = match reply.tool_calls.is_empty() {
        true => "stop",
        false => "tool_calls",
    };
    reply.finish_reason.as_deref().unwrap_or(usual)
}

fn usage(tokens: &Tokens) -> Value {
    json!({
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": { "cached_tokens": tokens.cached },
        "completion_tokens_details": { "reasoning_tokens": tokens.reasoning },
    })
}
