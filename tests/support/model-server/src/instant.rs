//! The answer of a model without a script: made of constant bytes, because benchmarks of the plane
//! must not measure its stand-in.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;

use crate::format::{Asked, Format};

/// What an instant answer says.
const TEXT: &str = "All is well.";

/// The answer, at once.
pub(crate) fn answer(format: Format, asked: &Asked) -> Response {
    let model = serde_json::Value::from(asked.model.as_str()).to_string();
    let (content_type, parts): (_, [&str; 3]) = match (format, asked.stream) {
        (Format::OpenAi, true) => (
            "text/event-stream",
            [
                "data: {\"id\":\"chatcmpl-0\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":",
                &model,
                concat!(
                    ",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"All is well.\"},\"finish_reason\":null}]}\n\n",
                    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
                    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}}\n\n",
                    "data: [DONE]\n\n",
                ),
            ],
        ),
        (Format::OpenAi, false) => (
            "application/json",
            [
                "{\"id\":\"chatcmpl-0\",\"object\":\"chat.completion\",\"created\":0,\"model\":",
                &model,
                concat!(
                    ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"All is well.\"},\"finish_reason\":\"stop\"}]",
                    ",\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}}",
                ),
            ],
        ),
        (Format::Anthropic, true) => (
            "text/event-stream",
            [
                "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_0\",\"type\":\"message\",\"role\":\"assistant\",\"model\":",
                &model,
                concat!(
                    ",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n",
                    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
                    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"All is well.\"}}\n\n",
                    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
                    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n",
                    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
                ),
            ],
        ),
        (Format::Anthropic, false) => (
            "application/json",
            [
                "{\"id\":\"msg_0\",\"type\":\"message\",\"role\":\"assistant\",\"model\":",
                &model,
                concat!(
                    ",\"content\":[{\"type\":\"text\",\"text\":\"All is well.\"}],\"stop_reason\":\"end_turn\"",
                    ",\"usage\":{\"input_tokens\":10,\"output_tokens\":5}}",
                ),
            ],
        ),
    };
    debug_assert!(parts[2].contains(TEXT), "every form says the same");
    let mut response = Response::new(Body::from(parts.concat()));
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The pace in a model's name: `slow-RATExSECONDS` or `tokens-RATE-SECONDS`.
pub(crate) fn pace(model: &str) -> Option<crate::Pace> {
    let (rate, seconds) = match model.strip_prefix("slow-") {
        Some(rest) => rest.split_once('x')?,
        None => model.strip_prefix("tokens-")?.split_once('-')?,
    };
    let (per_second, seconds): (u32, u32) = (rate.parse().ok()?, seconds.parse().ok()?);
    Some(crate::Pace { tokens: per_second.checked_mul(seconds)?, per_second })
}
