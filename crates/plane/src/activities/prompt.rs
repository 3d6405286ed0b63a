//! From a stored conversation to what a model is sent. Pure.

use drover_domain::messages::{Body, Message};

/// The conversation in the order and completeness that providers demand: every call of a tool is
/// followed by its answer, notices of the plane are left out. A message that arrived between a call
/// and its answer goes behind the answer; a call without an answer (its run was cut off) gets one
/// that says so.
pub fn build(stored: Vec<Message>) -> Vec<Message> {
    let mut built = Vec::with_capacity(stored.len());
    let mut rest: Vec<Option<Message>> = stored.into_iter().map(Some).collect();
    for index in 0..rest.len() {
        let Some(message) = rest[index].take() else {
            continue;
        };
        match &message.body {
            // An answer whose call is not before it has nothing to say to a model.
            Body::System { .. } | Body::Tool { .. } => {}
            Body::User { .. } => built.push(message),
            Body::Assistant { tool_calls, .. } => {
                let calls = tool_calls.clone();
                built.push(message);
                for call in calls {
                    let answer =
                        rest[index..].iter_mut().find(|one| answers(one.as_ref(), &call.id));
                    built.push(answer.and_then(Option::take).unwrap_or_else(|| Message {
                        message_id: format!("missing_{}", call.id),
                        body: Body::Tool {
                            tool_call_id: call.id,
                            tool_name: call.name,
                            content: "The call was cut off and has no result.".to_owned(),
                            is_error: true,
                        },
                    }));
                }
            }
        }
    }
    built
}

fn answers(message: Option<&Message>, call: &str) -> bool {
    message.is_some_and(
        |message| matches!(&message.body, Body::Tool { tool_call_id, .. } if tool_call_id == call),
    )
}

#[cfg(test)]
mod tests {
    use drover_domain::messages::ToolCallRequest;
    use serde_json::json;

    use super::*;

    fn message(id: &str, body: Body) -> Message {
        Message { message_id: id.to_owned(), body }
    }
    fn user(text: &str) -> Message {
        message(text, Body::User { content: text.to_owned() })
    }
    fn calls(ids: &[&str]) -> Message {
        let call = |id: &&str| ToolCallRequest {
            id: (*id).to_owned(),
            name: "shell".into(),
            arguments: json!({}),
        };
        let tool_calls = ids.iter().map(call).collect();
        message("a", Body::Assistant { content: String::new(), tool_calls, provider_blocks: None })
    }
    fn answer(id: &str) -> Message {
        let body = Body::Tool {
            tool_call_id: id.to_owned(),
            tool_name: "shell".into(),
            content: id.to_owned(),
            is_error: false,
        };
        message(id, body)
    }
    fn contents(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|message| message.body.content()).collect()
    }

    #[test]
    fn a_message_between_a_call_and_its_answer_goes_behind_it() {
        let stored = vec![user("hi"), calls(&["1", "2"]), answer("1"), user("wait"), answer("2")];
        assert_eq!(contents(&build(stored)), ["hi", "", "1", "2", "wait"]);
    }

    #[test]
    fn a_call_without_an_answer_gets_one() {
        let built = build(vec![user("hi"), calls(&["1"]), user("go on")]);
        assert_eq!(built.len(), 4);
        assert!(matches!(&built[2].body, Body::Tool { is_error: true, .. }));
    }

    #[test]
    fn notices_are_not_for_models() {
        let notice = message("n", Body::System { content: "stopped".into() });
        assert_eq!(contents(&build(vec![user("hi"), notice])), ["hi"]);
    }
}
