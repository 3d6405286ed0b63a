//! What the real providers refuse. A client that passes here has a conversation they take.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::format::Format;

/// Why a request would be refused with 400.
pub(crate) fn complaint(format: Format, body: &Value) -> Option<String> {
    if body["model"].as_str().unwrap_or_default().is_empty() {
        return Some("model: field required".to_owned());
    }
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    if messages.is_empty() {
        return Some("messages: at least one message is required".to_owned());
    }
    match format {
        Format::OpenAi => openai(messages),
        Format::Anthropic if !body["max_tokens"].is_u64() => {
            Some("max_tokens: field required".to_owned())
        }
        Format::Anthropic => anthropic(messages),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn ids<'a>(values: &'a [Value], name: &str) -> BTreeSet<&'a str> {
    values.iter().filter_map(|value| value[name].as_str()).collect()
}

fn openai(messages: &[Value]) -> Option<String> {
    let mut open = BTreeSet::new();
    for message in messages {
        match message["role"].as_str() {
            Some("tool") => {
                let id = message["tool_call_id"].as_str().unwrap_or_default();
                if !open.remove(id) {
                    return Some(format!("tool message for unknown tool_call_id {id:?}"));
                }
            }
            Some("assistant" | "user" | "system") if !open.is_empty() => {
                return Some(format!("tool_call_ids without a tool message: {open:?}"));
            }
            Some("assistant") => {
                let calls = list(&message["tool_calls"]);
                open = ids(calls, "id");
                if open.len() != calls.len() {
                    return Some("tool_calls: ids missing or not unique".to_owned());
                }
                if !message["content"].is_string() && calls.is_empty() {
                    return Some("assistant message without content".to_owned());
                }
                let unreadable = |call: &&Value| {
                    let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
                    serde_json::from_str::<Value>(arguments).is_err()
                };
                if let Some(call) = calls.iter().find(unreadable) {
                    return Some(format!("arguments that are no JSON: {call}"));
                }
            }
            Some("user" | "system") if message["content"].is_string() => {}
            _ => return Some(format!("not a message: {message}")),
        }
    }
    (!open.is_empty()).then(|| format!("tool_call_ids without a tool message: {open:?}"))
}

fn anthropic(messages: &[Value]) -> Option<String> {
    let mut open = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for message in messages {
        let content = list(&message["content"]);
        if content.is_empty() {
            return Some("messages: content must not be empty".to_owned());
        }
        let blank = |block: &Value| {
            block["type"] == "text" && block["text"].as_str().unwrap_or("").trim().is_empty()
        };
        if content.iter().any(blank) {
            return Some("text content blocks must contain non-whitespace text".to_owned());
        }
        match message["role"].as_str() {
            Some("user") => {
                let results = content.iter().take_while(|block| block["type"] == "tool_result");
                let results: Vec<Value> = results.cloned().collect();
                if content[results.len()..].iter().any(|block| block["type"] == "tool_result") {
                    return Some("tool_result blocks must come first".to_owned());
                }
                if ids(&results, "tool_use_id") != std::mem::take(&mut open) {
                    return Some("tool_use and tool_result blocks do not match".to_owned());
                }
            }
            Some("assistant") if open.is_empty() => {
                for block in content.iter().filter(|block| block["type"] == "tool_use") {
                    let id = block["id"].as_str().unwrap_or_default();
                    if !block["input"].is_object() || !seen.insert(id) {
                        return Some(format!("tool_use with a used id or bad input: {block}"));
                    }
                    open.insert(id);
                }
            }
            _ => return Some("tool_use without tool_result, or unknown role".to_owned()),
        }
    }
    (!open.is_empty()).then(|| format!("tool_use ids without tool_result: {open:?}"))
}
