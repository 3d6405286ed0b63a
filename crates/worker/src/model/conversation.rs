//! The conversation as providers accept it. Both formats refuse a call without a result, a result
//! without a call, and anything between the two; a run that was cancelled, continued or written to
//! in mid-turn has all three.

use std::collections::VecDeque;

use drover_domain::messages::{Body, Message, ToolCallRequest};
use serde_json::Value;

/// What a model is told of a call that never ended.
const NO_RESULT: &str = "(no result: the call was interrupted)";

/// One side's say, in the order in which it is sent.
#[derive(Debug, PartialEq)]
pub(super) enum Turn<'a> {
    Assistant {
        text: &'a str,
        calls: &'a [ToolCallRequest],
        blocks: Option<&'a Value>,
    },
    /// Results of the calls just before, then what people said.
    User {
        results: Vec<ToolOutput<'a>>,
        texts: Vec<String>,
    },
}

/// The result of one call.
#[derive(Debug, PartialEq)]
pub(super) struct ToolOutput<'a> {
    pub(super) call_id: &'a str,
    pub(super) content: &'a str,
    pub(super) is_error: bool,
}

/// Puts messages into turns that alternate as the formats demand. Notices of the plane and empty
/// messages are left out.
pub(super) fn turns(messages: &[Message]) -> Vec<Turn<'_>> {
    let mut turns = Vec::new();
    let mut open: &[ToolCallRequest] = &[];
    let mut replies: VecDeque<&Body> = VecDeque::new();
    for message in messages {
        match &message.body {
            Body::System { .. } => {}
            Body::User { .. } | Body::Tool { .. } => replies.push_back(&message.body),
            Body::Assistant { content, tool_calls, provider_blocks } => {
                if content.trim().is_empty() && tool_calls.is_empty() {
                    continue;
                }
                turns.extend(user_turn(open, &mut replies));
                open = tool_calls;
                turns.push(Turn::Assistant {
                    text: content,
                    calls: tool_calls,
                    blocks: provider_blocks.as_ref(),
                });
            }
        }
    }
    turns.extend(user_turn(open, &mut replies));
    turns
}

fn user_turn<'a>(
    calls: &'a [ToolCallRequest],
    replies: &mut VecDeque<&'a Body>,
) -> Option<Turn<'a>> {
    let mut results: Vec<Option<ToolOutput<'_>>> = calls.iter().map(|_| None).collect();
    let mut texts = Vec::new();
    for body in replies.drain(..) {
        match body {
            Body::Tool { tool_call_id, tool_name, content, is_error } => {
                let place = calls.iter().position(|call| call.id == *tool_call_id);
                match place.map(|at| &mut results[at]) {
                    Some(result @ None) => {
                        *result = Some(ToolOutput {
                            call_id: tool_call_id,
                            content,
                            is_error: *is_error,
                        });
                    }
                    _ => texts.push(format!("Result of the tool {tool_name}:\n{content}")),
                }
            }
            other if other.content().trim().is_empty() => {}
            other => texts.push(other.content().to_owned()),
        }
    }
    let results: Vec<ToolOutput<'_>> = results
        .into_iter()
        .zip(calls)
        .map(|(result, call)| {
            result.unwrap_or(ToolOutput { call_id: &call.id, content: NO_RESULT, is_error: true })
        })
        .collect();
    (!results.is_empty() || !texts.is_empty()).then_some(Turn::User { results, texts })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(bodies: Vec<Body>) -> Vec<Message> {
        bodies
            .into_iter()
            .enumerate()
            .map(|(number, body)| Message { message_id: number.to_string(), body })
            .collect()
    }

    fn user(content: &str) -> Body {
        Body::User { content: content.into() }
    }

    fn calling(ids: &[&str]) -> Body {
        Body::Assistant {
            content: String::new(),
            tool_calls: ids
                .iter()
                .map(|id| ToolCallRequest {
                    id: (*id).into(),
                    name: "tool".into(),
                    arguments: json!({}),
                })
                .collect(),
            provider_blocks: None,
        }
    }

    fn result(id: &str, content: &str) -> Body {
        Body::Tool {
            tool_call_id: id.into(),
            tool_name: "tool".into(),
            content: content.into(),
            is_error: false,
        }
    }

    fn shape(messages: &[Message]) -> Vec<String> {
        turns(messages)
            .into_iter()
            .map(|turn| match turn {
                Turn::Assistant { text, calls, .. } => {
                    format!("assistant {text:?} {}", calls.len())
                }
                Turn::User { results, texts } => {
                    let results: Vec<String> = results
                        .iter()
                        .map(|output| format!("{}={}", output.call_id, output.content))
                        .collect();
                    format!("user {results:?} {texts:?}")
                }
            })
            .collect()
    }

    #[test]
    fn a_message_that_came_during_a_call_is_sent_after_the_result() {
        let messages = messages(vec![
            user("go"),
            calling(&["a", "b"]),
            result("b", "2"),
            user("hurry"),
            result("a", "1"),
        ]);
        assert_eq!(
            shape(&messages),
            [r#"user [] ["go"]"#, r#"assistant "" 2"#, r#"user ["a=1", "b=2"] ["hurry"]"#]
        );
    }

    #[test]
    fn results_follow_the_calls_of_their_own_round() {
        let messages = messages(vec![
            calling(&["a"]),
            result("a", "1"),
            // Made-up ids can come again in a later conversation.
            calling(&["a", "b"]),
            result("a", "2"),
            calling(&[]),
            calling(&["c"]),
            result("c", "3"),
        ]);
        assert_eq!(
            shape(&messages),
            [
                r#"assistant "" 1"#.to_owned(),
                r#"user ["a=1"] []"#.to_owned(),
                r#"assistant "" 2"#.to_owned(),
                format!(r#"user ["a=2", "b={NO_RESULT}"] []"#),
                r#"assistant "" 1"#.to_owned(),
                r#"user ["c=3"] []"#.to_owned(),
            ]
        );
    }

    #[test]
    fn a_call_without_result_gets_one_and_a_result_without_call_becomes_text() {
        let messages = messages(vec![
            result("lost", "x"),
            calling(&["a"]),
            user("again"),
            Body::System { content: "notice".into() },
            user("  "),
        ]);
        assert_eq!(
            shape(&messages),
            [
                r#"user [] ["Result of the tool tool:\nx"]"#.to_owned(),
                r#"assistant "" 1"#.to_owned(),
                format!(r#"user ["a={NO_RESULT}"] ["again"]"#)
            ]
        );
    }
}
