//! `drover/offline`: answers without any network, so that a plane without keys can show a run from
//! end to end. It is no language model, and says so every time.

use drover_domain::activities::Usage;
use drover_domain::messages::{Body, ToolCallRequest};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::{ChatModel, ChatReply, ChatRequest, Chunk, ModelError, Sink};

/// The name an agent gives to be answered by [`Offline`].
pub const OFFLINE_MODEL: &str = "drover/offline";

/// The tool that `run:` calls.
const SHELL_TOOL: &str = "run_shell_command";
/// Most characters quoted of a prompt or of a tool's output.
const MAX_QUOTE: usize = 2000;
/// In how many pieces, about, an answer is streamed.
const PIECES: usize = 4;
const NOTICE: &str = "\n\nThis is drover/offline, a built-in stand-in and not a language model. \
    For real answers set OPENAI_API_KEY, ANTHROPIC_API_KEY or OLLAMA_HOST where Drover runs, and \
    restart it.";

/// The built-in stand-in for a model. The same conversation always gets the same answer: a line
/// `run: COMMAND` in the last prompt becomes one shell call, its output is quoted, any other prompt
/// is echoed. Usage counts words between whitespace, not tokens; the price is zero.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offline;

impl ChatModel for Offline {
    fn provider(&self) -> &'static str {
        "offline"
    }

    fn chat<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut Sink<'_>,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        async move {
            let (text, tool_calls) = match answer(&request) {
                Answer::Say(text) => (text + NOTICE, Vec::new()),
                Answer::Run(command) => {
                    let call = ToolCallRequest {
                        id: format!("call_{}_0", request.messages.len()),
                        name: SHELL_TOOL.to_owned(),
                        arguments: json!({ "command": command }),
                    };
                    (String::new(), vec![call])
                }
            };
            pieces(&text).for_each(|piece| sink(Chunk::Text(piece)));
            let calls = tool_calls.iter();
            let called: u64 = calls.map(|call| words(&call.arguments.to_string())).sum();
            let said = request.messages.iter().map(|message| message.body.content());
            let finish_reason = match tool_calls.is_empty() {
                true => "stop",
                false => "tool_calls",
            };
            Ok(ChatReply {
                usage: Usage {
                    input: said.chain(request.system).map(words).sum(),
                    output: words(&text) + called,
                    ..Usage::default()
                },
                text,
                tool_calls,
                provider_blocks: None,
                finish_reason: Some(finish_reason.to_owned()),
                model: OFFLINE_MODEL.to_owned(),
            })
        }
        .boxed()
    }
}

enum Answer<'a> {
    Say(String),
    Run(&'a str),
}

fn answer<'a>(request: &ChatRequest<'a>) -> Answer<'a> {
    let is_user = |body: &Body| matches!(body, Body::User { .. });
    let messages = request.messages;
    let Some(asked) = messages.iter().rposition(|message| is_user(&message.body)) else {
        return Answer::Say("There is no prompt to answer.".to_owned());
    };
    let prompt = messages[asked].body.content();
    let result = messages[asked..].iter().rev().find_map(|message| match &message.body {
        Body::Tool { content, is_error, .. } => Some((content, *is_error)),
        _ => None,
    });
    if let Some((output, is_error)) = result {
        let how = match is_error {
            true => "The command failed:",
            false => "The command printed:",
        };
        return Answer::Say(format!("{how}\n\n{}", quote(output)));
    }
    let command = prompt
        .lines()
        .find_map(|line| line.trim().strip_prefix("run:"))
        .map(str::trim)
        .filter(|command| !command.is_empty());
    match command {
        Some(command) if request.tools.iter().any(|tool| tool.name == SHELL_TOOL) => {
            Answer::Run(command)
        }
        Some(command) => {
            Answer::Say(format!("You asked to run `{command}`, but this agent has no shell tool."))
        }
        None => Answer::Say(format!("You said:\n\n{}", quote(prompt))),
    }
}

/// The beginning of a text, as a quotation.
fn quote(text: &str) -> String {
    let end = text.char_indices().nth(MAX_QUOTE).map(|(end, _)| end);
    let shown = &text[..end.unwrap_or(text.len())];
    let lines: Vec<String> = shown.lines().map(|line| format!("> {line}")).collect();
    let more = end.map_or("", |_| "\n> …");
    format!("{}{more}", lines.join("\n"))
}

fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// A text cut at word ends; joined again it is the same.
fn pieces(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    let size = words.len().div_ceil(PIECES).max(1);
    let pieces: Vec<String> = words.chunks(size).map(|words| words.concat()).collect();
    pieces.into_iter()
}

#[cfg(test)]
mod tests {
    use drover_domain::messages::Message;
    use serde_json::Value;

    use super::super::ToolSpec;
    use super::*;

    fn ask(bodies: Vec<Body>, tools: &[ToolSpec]) -> (ChatReply, Vec<Chunk>) {
        let messages: Vec<Message> =
            bodies.into_iter().map(|body| Message { message_id: String::new(), body }).collect();
        let mut chunks = Vec::new();
        let mut sink = |chunk| chunks.push(chunk);
        let request = ChatRequest {
            model: OFFLINE_MODEL,
            system: Some("be kind"),
            messages: &messages,
            tools,
            settings: &Value::Null,
        };
        let reply = Offline.chat(request, &mut sink).now_or_never();
        (reply.unwrap().unwrap(), chunks)
    }

    fn user(content: &str) -> Body {
        Body::User { content: content.into() }
    }

    fn shell() -> Vec<ToolSpec> {
        vec![ToolSpec {
            name: SHELL_TOOL.into(),
            description: String::new(),
            parameters: json!({}),
        }]
    }

    #[test]
    fn a_prompt_is_echoed_with_the_notice_in_a_few_chunks() {
        let (reply, chunks) = ask(vec![user("hello  there\nyou")], &[]);
        assert_eq!(reply.text, format!("You said:\n\n> hello  there\n> you{NOTICE}"));
        let streamed: String = chunks
            .iter()
            .map(|chunk| match chunk {
                Chunk::Text(text) => text.as_str(),
                Chunk::Thinking(_) => "",
            })
            .collect();
        assert_eq!(streamed, reply.text);
        assert!((2..=PIECES).contains(&chunks.len()));
        assert_eq!(reply.usage.input, 5);
    }

    #[test]
    fn a_run_line_becomes_a_call_and_its_output_is_quoted() {
        let prompt = user("please\n  run: echo hi\nthanks");
        let (reply, chunks) = ask(vec![prompt.clone()], &shell());
        assert_eq!(reply.tool_calls[0].arguments, json!({"command": "echo hi"}));
        assert_eq!(reply.finish_reason.as_deref(), Some("tool_calls"));
        assert!(chunks.is_empty());

        let call = Body::Assistant {
            content: String::new(),
            tool_calls: reply.tool_calls.clone(),
            provider_blocks: None,
        };
        let output = Body::Tool {
            tool_call_id: reply.tool_calls[0].id.clone(),
            tool_name: SHELL_TOOL.into(),
            content: "hi\n".into(),
            is_error: false,
        };
        let conversation = vec![prompt, call, output];
        let (reply, _) = ask(conversation.clone(), &shell());
        assert_eq!(reply.text, format!("The command printed:\n\n> hi{NOTICE}"));

        let next = [conversation, vec![user("run: ls")]].concat();
        let (reply, _) = ask(next, &shell());
        assert_eq!(reply.tool_calls[0].arguments, json!({"command": "ls"}));
    }

    #[test]
    fn without_a_shell_tool_it_says_so() {
        let (reply, _) = ask(vec![user("run: echo hi")], &[]);
        assert!(reply.text.contains("no shell tool"));
        assert!(reply.tool_calls.is_empty());
    }
}
