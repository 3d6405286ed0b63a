//! The model clients against a scripted provider over real HTTP, in both wire formats.

use std::sync::Once;
use std::time::Duration;

use drover_domain::Secret;
use drover_domain::activities::{Failure, Retry, Usage};
use drover_domain::messages::{Body, Message, ToolCallRequest};
use drover_worker::model::{
    Anthropic, ChatModel, ChatReply, ChatRequest, Chunk, ErrorKind, HttpSettings, ModelError,
    ModelHttp, Models, OpenAi, ProviderConfig, Providers, ToolSpec,
};
use model_server::{Call, Ending, Hang, ModelServer, Reply, Tokens};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const KEY: &str = "sk-a-very-secret-key";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Format {
    OpenAi,
    Anthropic,
}
use Format::{Anthropic as AnthropicFormat, OpenAi as OpenAiFormat};

const BOTH: [Format; 2] = [OpenAiFormat, AnthropicFormat];

fn http(settings: &HttpSettings) -> ModelHttp {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
    ModelHttp::new(settings).unwrap()
}

/// A client of `format` for a provider at `url`.
fn client_at(format: Format, url: &str, key: &str, settings: &HttpSettings) -> Box<dyn ChatModel> {
    let (http, key) = (http(settings), Secret::new(key.to_owned()));
    match format {
        OpenAiFormat => {
            let base = format!("{url}/v1");
            Box::new(OpenAi::new(http, &base, Some(&key)).unwrap())
        }
        AnthropicFormat => Box::new(Anthropic::new(http, url, Some(&key)).unwrap()),
    }
}

fn client(format: Format, server: &ModelServer) -> Box<dyn ChatModel> {
    client_at(format, &server.url(), KEY, &HttpSettings::default())
}

fn said(body: Body) -> Message {
    Message { message_id: String::new(), body }
}

fn user(content: &str) -> Message {
    said(Body::User { content: content.into() })
}

fn assistant(reply: &ChatReply) -> Message {
    said(Body::Assistant {
        content: reply.text.clone(),
        tool_calls: reply.tool_calls.clone(),
        provider_blocks: reply.provider_blocks.clone(),
    })
}

fn result(call: &ToolCallRequest, content: &str) -> Message {
    said(Body::Tool {
        tool_call_id: call.id.clone(),
        tool_name: call.name.clone(),
        content: content.into(),
        is_error: false,
    })
}

/// A conversation of one prompt with the model `m`.
async fn ask(client: &dyn ChatModel) -> (Result<ChatReply, ModelError>, Vec<Chunk>) {
    converse(client, &[user("hello")], &Value::Null).await
}

async fn converse(
    client: &dyn ChatModel,
    messages: &[Message],
    settings: &Value,
) -> (Result<ChatReply, ModelError>, Vec<Chunk>) {
    let tools = [ToolSpec {
        name: "look".into(),
        description: "Looks".into(),
        parameters: json!({"type": "object"}),
    }];
    let request =
        ChatRequest { model: "m", system: Some("be kind"), messages, tools: &tools, settings };
    let mut chunks = Vec::new();
    let reply = client.chat(request, &mut |chunk| chunks.push(chunk)).await;
    (reply, chunks)
}

/// What comes of a raw answer with status 200.
async fn raw(format: Format, body: impl Into<String>) -> Result<ChatReply, ModelError> {
    let server = ModelServer::start().await;
    server.script("m", vec![Reply::raw("text/event-stream", body)]);
    ask(client(format, &server).as_ref()).await.0
}

fn events(events: &[Value]) -> String {
    let events = events.iter().map(|event| format!("data: {event}\n\n"));
    events.collect()
}

fn text(text: &str) -> Chunk {
    Chunk::Text(text.into())
}

fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta}]})
}

fn finish(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn call_delta(call: Value) -> Value {
    delta(json!({ "tool_calls": [call] }))
}

fn block(index: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn block_delta(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn stop(reason: &str) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason}})
}

// --- answers ---

#[tokio::test]
async fn text_comes_in_pieces_with_its_whitespace_and_what_it_took() {
    for format in BOTH {
        let server = ModelServer::start().await;
        let usage = Tokens { input: 100, output: 50, cached: 40, reasoning: 20 };
        let pieces = ["Hello", " ", "\n\n", "  there", "\t"];
        let reply = Reply::chunks(pieces).thinking("hm").thinking(" so").usage(usage);
        server.script("m", vec![reply]);

        let (reply, chunks) = ask(client(format, &server).as_ref()).await;
        let reply = reply.unwrap();
        let mut expected = vec![Chunk::Thinking("hm".into()), Chunk::Thinking(" so".into())];
        expected.extend(pieces.map(text));
        assert_eq!(chunks, expected);
        assert_eq!(reply.text, pieces.concat());
        assert_eq!(reply.model, "m");
        let (reason, reasoning) = match format {
            OpenAiFormat => ("stop", 20),
            AnthropicFormat => ("end_turn", 0),
        };
        assert_eq!(reply.finish_reason.as_deref(), Some(reason));
        let usage = Usage { input: 100, output: 50, cached: 40, reasoning };
        assert_eq!(reply.usage, usage);
    }
}

#[tokio::test]
async fn tools_are_called_and_their_results_sent_back() {
    for format in BOTH {
        let server = ModelServer::start().await;
        let calls = Reply::text("Let me look.")
            .and_call("look", json!({"at": "é\"x"}))
            .and_call("look", Value::Null);
        server.script("m", vec![calls, Reply::text("Done.")]);
        let client = client(format, &server);

        let (reply, _) = ask(client.as_ref()).await;
        let reply = reply.unwrap();
        let arguments: Vec<&Value> = reply.tool_calls.iter().map(|call| &call.arguments).collect();
        assert_eq!(arguments, [&json!({"at": "é\"x"}), &json!({})]);
        assert_eq!(reply.provider_blocks, None);

        let conversation = [
            user("hello"),
            said(Body::System { content: "a notice of the plane".into() }),
            assistant(&reply),
            result(&reply.tool_calls[1], "two"),
            user("hurry"),
            result(&reply.tool_calls[0], "one"),
        ];
        let (last, _) = converse(client.as_ref(), &conversation, &Value::Null).await;
        assert_eq!(last.unwrap().text, "Done.");

        let sent = &server.requests("m")[1].body;
        assert!(!sent.to_string().contains("notice"));
        if format == AnthropicFormat {
            let content = &sent["messages"][2]["content"];
            let parts = content.as_array().unwrap().iter();
            let kinds: Vec<&Value> = parts.map(|part| &part["type"]).collect();
            assert_eq!(kinds, ["tool_result", "tool_result", "text"]);
        }
    }
}

#[tokio::test]
async fn thinking_is_replayed_as_it_came_with_its_signature() {
    let server = ModelServer::start().await;
    let calls = Reply::text("Let me look.")
        .thinking("first")
        .thinking(" this")
        .and_call("look", json!({"at": 1}));
    server.script("m", vec![calls, Reply::text("Done.")]);
    let client = client(AnthropicFormat, &server);

    let reply = ask(client.as_ref()).await.0.unwrap();
    let call = &reply.tool_calls[0];
    let conversation = [user("hello"), assistant(&reply), result(call, "one")];
    converse(client.as_ref(), &conversation, &Value::Null).await.0.unwrap();
    assert_eq!(
        server.requests("m")[1].body["messages"][1]["content"],
        json!([
            {"type": "thinking", "thinking": "first this", "signature": "signed"},
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": call.id, "name": "look", "input": {"at": 1}},
        ])
    );
}

#[tokio::test]
async fn hidden_thinking_is_replayed_and_blank_text_is_not() {
    let hidden = json!({"type": "redacted_thinking", "data": "xyz"});
    let body = events(&[
        block(0, hidden.clone()),
        block(1, json!({"type": "text", "text": ""})),
        block_delta(1, json!({"type": "text_delta", "text": "\n\n"})),
        block(2, json!({"type": "tool_use", "id": "a", "name": "look", "input": {}})),
        stop("tool_use"),
    ]);
    let server = ModelServer::start().await;
    server.script("m", vec![Reply::raw("text/event-stream", body), Reply::text("Done.")]);
    let client = client(AnthropicFormat, &server);
    let reply = ask(client.as_ref()).await.0.unwrap();
    assert_eq!(reply.text, "\n\n");

    let conversation = [user("hello"), assistant(&reply), result(&reply.tool_calls[0], "")];
    let (last, _) = converse(client.as_ref(), &conversation, &Value::Null).await;
    assert_eq!(last.unwrap().text, "Done.");
    let content = &server.requests("m")[1].body["messages"][1]["content"];
    assert_eq!(content[0], hidden);
    assert_eq!(content.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_conversation_of_the_other_format_is_understood() {
    let call = |id: &str| ToolCallRequest {
        id: id.into(),
        name: "look".into(),
        arguments: json!("no json"),
    };
    let foreign = ChatReply {
        text: " ".into(),
        tool_calls: vec![call("functions.look:0"), call("never ended")],
        provider_blocks: Some(json!({"other": [{"type": "secret"}]})),
        finish_reason: None,
        model: String::new(),
        usage: Usage::default(),
    };
    let conversation =
        [user("hello"), assistant(&foreign), result(&foreign.tool_calls[0], "one"), user("and?")];
    for format in BOTH {
        let server = ModelServer::start().await;
        let client = client(format, &server);
        let (reply, _) = converse(client.as_ref(), &conversation, &Value::Null).await;
        reply.unwrap();
        assert!(!server.requests("m")[0].body.to_string().contains("secret"));
    }
}

#[tokio::test]
async fn usage_counts_beside_choices_or_alone_once_or_with_every_chunk() {
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 3});
    let mut beside = finish("stop");
    beside["usage"] = usage.clone();
    let mut running = delta(json!({"content": "a"}));
    running["usage"] = json!({"prompt_tokens": 7, "completion_tokens": 1});
    let alone = json!({"choices": [], "usage": usage});
    let null = json!({"choices": [], "usage": null});
    for chunks in [
        vec![delta(json!({"content": "a"})), beside.clone()],
        vec![delta(json!({"content": "a"})), finish("stop"), alone, null],
        vec![running, beside],
    ] {
        let reply = raw(OpenAiFormat, events(&chunks)).await.unwrap();
        assert_eq!((reply.usage.input, reply.usage.output), (7, 3), "{chunks:?}");
    }
}

#[tokio::test]
async fn usage_of_the_cache_is_part_of_the_input() {
    let start = json!({"type": "message_start", "message": {"usage": {
        "input_tokens": 5, "cache_read_input_tokens": 70, "cache_creation_input_tokens": 20,
        "output_tokens": 1,
    }}});
    let mut end = stop("end_turn");
    end["usage"] = json!({"output_tokens": 9});
    let reply = raw(AnthropicFormat, events(&[start, end])).await.unwrap();
    let usage = Usage { input: 95, output: 9, cached: 70, reasoning: 0 };
    assert_eq!(reply.usage, usage);
}

#[tokio::test]
async fn an_unknown_finish_reason_is_kept_and_a_missing_end_marker_is_no_loss() {
    let openai = events(&[delta(json!({"content": "a"})), finish("tired")]);
    let anthropic =
        events(&[block_delta(0, json!({"type": "text_delta", "text": "a"})), stop("tired")]);
    for (format, body) in [(OpenAiFormat, openai), (AnthropicFormat, anthropic)] {
        // The second one ends without the blank line that completes the last event.
        for body in [body.clone(), body.trim_end().to_owned()] {
            let reply = raw(format, body).await.unwrap();
            assert_eq!(reply.finish_reason.as_deref(), Some("tired"));
            assert_eq!(reply.text, "a");
        }
    }
}

#[tokio::test]
async fn trouble_after_the_end_is_none() {
    for format in BOTH {
        let why_it_stopped = 2;
        let end = 3;
        for reply in
            [Reply::text("a").cut_after(why_it_stopped), Reply::text("a").hang(Hang::After(end))]
        {
            let server = ModelServer::start().await;
            server.script("m", vec![reply]);
            let (reply, _) = ask(client(format, &server).as_ref()).await;
            assert_eq!(reply.unwrap().text, "a");
        }
    }
}

#[tokio::test]
async fn json_instead_of_a_stream_is_a_whole_answer() {
    let openai = json!({
        "model": "m-1",
        "choices": [{"message": {
            "content": "a",
            "tool_calls": [{"function": {"name": "look", "arguments": {"at": 1}}}],
        }, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    });
    let anthropic = json!({
        "model": "m-1",
        "content": [
            {"type": "text", "text": "a"},
            {"type": "tool_use", "id": "", "name": "look", "input": {"at": 1}},
        ],
        "stop_reason": "stop",
        "usage": {"input_tokens": 7, "output_tokens": 3},
    });
    for (format, body) in [(OpenAiFormat, openai), (AnthropicFormat, anthropic)] {
        for content_type in ["application/json", "text/event-stream", "text/plain"] {
            let server = ModelServer::start().await;
            let body = format!("\n {body}");
            server.script("m", vec![Reply::raw(content_type, body)]);
            let (reply, chunks) = ask(client(format, &server).as_ref()).await;
            let reply = reply.unwrap();
            assert_eq!(chunks, [text("a")]);
            assert_eq!(reply.text, "a");
            assert_eq!(reply.model, "m-1");
            assert_eq!(reply.tool_calls[0].arguments, json!({"at": 1}));
            assert_eq!(reply.tool_calls[0].id, "call_1_0");
            assert_eq!(reply.usage.total(), 10);
            assert_eq!(reply.finish_reason.as_deref(), Some("stop"));
        }
    }
}

#[tokio::test]
async fn calls_are_put_together_whatever_the_server_makes_of_index_and_id() {
    let whole = |index: Value, id: Value, arguments: &str| {
        let function = json!({"name": "look", "arguments": arguments});
        call_delta(json!({"index": index, "id": id, "function": function}))
    };
    let none = Value::Null;
    for (calls, ids) in [
        (
            vec![whole(none.clone(), "a".into(), "{}"), whole(none.clone(), "b".into(), "{}")],
            ["a", "b"],
        ),
        (vec![whole(0.into(), "a".into(), "{}"), whole(0.into(), "b".into(), "{}")], ["a", "b"]),
        (
            vec![whole(20_000_000.into(), "a".into(), "{}"), whole(3.into(), "b".into(), "{}")],
            ["a", "b"],
        ),
        (
            vec![whole(0.into(), none.clone(), "{}"), whole(1.into(), none.clone(), "{}")],
            ["call_1_0", "call_1_1"],
        ),
    ] {
        let body = events(&[calls, vec![finish("tool_calls")]].concat());
        let reply = raw(OpenAiFormat, body).await.unwrap();
        let found: Vec<&str> = reply.tool_calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(found, ids);
    }
}

#[tokio::test]
async fn arguments_that_are_missing_or_no_json_are_kept_as_such_and_can_be_sent_back() {
    for format in BOTH {
        for (arguments, expected) in [("", json!({})), ("{\"at\": ", json!("{\"at\": "))] {
            let server = ModelServer::start().await;
            let call =
                Call { id: Some("a".into()), name: "look".into(), arguments: arguments.into() };
            let reply = Reply { tool_calls: vec![call], ..Reply::default() };
            server.script("m", vec![reply, Reply::text("Done.")]);
            let client = client(format, &server);
            let reply = ask(client.as_ref()).await.0.unwrap();
            assert_eq!(reply.tool_calls[0].arguments, expected);

            let call = &reply.tool_calls[0];
            let conversation = [user("hello"), assistant(&reply), result(call, "bad")];
            let (last, _) = converse(client.as_ref(), &conversation, &Value::Null).await;
            assert_eq!(last.unwrap().text, "Done.");
        }
    }
}

// --- limits ---

#[tokio::test]
async fn an_answer_beyond_the_limits_is_refused() {
    let many = |n: u64| -> Vec<Value> {
        let calls = (0..n).map(|index| {
            let function = json!({"name": "look"});
            call_delta(json!({"index": index, "id": index.to_string(), "function": function}))
        });
        calls.chain([finish("tool_calls")]).collect()
    };
    let many_blocks = |n: u64| -> Vec<Value> {
        let blocks = (0..n).map(|index| {
            let call = json!({"type": "tool_use", "id": index.to_string(), "name": "look"});
            block(index, call)
        });
        blocks.chain([stop("tool_use")]).collect()
    };
    let half = "x".repeat(600_000);
    let piece = json!({"index": 0, "id": "a", "function": {"name": "look", "arguments": half}});
    let json_delta = json!({"type": "input_json_delta", "partial_json": half});
    let begin = block(0, json!({"type": "tool_use", "id": "a", "name": "look"}));
    let endless = format!("data: {}", "x".repeat(17 << 20));
    for (format, body) in [
        (OpenAiFormat, events(&many(129))),
        (AnthropicFormat, events(&many_blocks(129))),
        (OpenAiFormat, events(&[call_delta(piece.clone()), call_delta(piece)])),
        (
            AnthropicFormat,
            events(&[begin, block_delta(0, json_delta.clone()), block_delta(0, json_delta)]),
        ),
        (OpenAiFormat, endless.clone()),
        (AnthropicFormat, endless),
    ] {
        let error = raw(format, body).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
        assert_eq!(error.retry, Retry::Never);
    }
    let reply = raw(OpenAiFormat, events(&many(128))).await.unwrap();
    assert_eq!(reply.tool_calls.len(), 128);
}

// --- errors ---

#[tokio::test]
async fn statuses_say_what_to_do_and_whether_to_try_again() {
    for format in BOTH {
        for (status, retry, advice) in [
            (400, Retry::Never, "rejected the request (400)"),
            (401, Retry::Never, "_API_KEY"),
            (403, Retry::Never, "_API_KEY"),
            (404, Retry::Never, "_BASE_URL"),
            (408, Retry::Backoff, "(408)"),
            (413, Retry::Never, "too large"),
            (422, Retry::Never, "rejected the request (422)"),
            (429, Retry::Backoff, "slow down"),
            (500, Retry::Backoff, "failed (500)"),
            (503, Retry::Backoff, "overloaded"),
            (529, Retry::Backoff, "overloaded"),
        ] {
            let server = ModelServer::start().await;
            server.script("m", vec![Reply::status(status)]);
            let error = ask(client(format, &server).as_ref()).await.0.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Status(status));
            assert_eq!(error.retry, retry, "{error}");
            assert!(error.message.contains(advice), "{error}");
            assert!(error.message.contains(&server.url()), "{error}");
            let scripted = format!("scripted status {status}");
            assert!(error.message.contains(&scripted), "{error}");
            // Nothing was tried again behind the flow's back.
            assert_eq!(server.count(), 1);
        }
    }
}

#[tokio::test]
async fn the_message_for_a_refused_key_reads_well() {
    let server = ModelServer::start().await;
    let body = json!({"error": {"message": format!("Incorrect API key: {KEY}.\nTry again.")}});
    server.script("m", vec![Reply::status(401).body(body.to_string())]);
    let error = ask(client(OpenAiFormat, &server).as_ref()).await.0.unwrap_err();
    assert_eq!(
        Failure::from(error).message,
        format!(
            "The model provider at {}/v1 refused the key (401): Incorrect API key: [key]. Try \
             again.; check OPENAI_API_KEY",
            server.url()
        )
    );
}

#[tokio::test]
async fn a_wait_the_provider_asks_for_is_kept() {
    for format in BOTH {
        for (after, retry) in [
            ("1", Retry::AfterMs(1000)),
            ("9999", Retry::AfterMs(300_000)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Retry::AfterMs(10_000)),
            ("whenever", Retry::Backoff),
        ] {
            let server = ModelServer::start().await;
            let reply = Reply::status(429)
                .header("retry-after", after)
                .header("date", "Sun, 06 Nov 1994 08:49:37 GMT");
            server.script("m", vec![reply]);
            let error = ask(client(format, &server).as_ref()).await.0.unwrap_err();
            assert_eq!(error.retry, retry, "{after}");
        }
    }
}

#[tokio::test]
async fn an_empty_account_is_not_tried_again() {
    let server = ModelServer::start().await;
    let body = json!({"error": {"message": "no money", "code": "insufficient_quota"}});
    let reply = Reply::status(429).header("retry-after", "1");
    server.script("m", vec![reply.body(body.to_string())]);
    let error = ask(client(OpenAiFormat, &server).as_ref()).await.0.unwrap_err();
    assert_eq!(error.retry, Retry::Never);
    assert!(error.message.contains("billing"), "{error}");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_ends_it() {
    let openai = delta(json!({"content": "a"}));
    let anthropic = block_delta(0, json!({"type": "text_delta", "text": "a"}));
    for (format, first) in [(OpenAiFormat, openai), (AnthropicFormat, anthropic)] {
        for (error, retry) in [
            (json!({"type": "overloaded_error", "message": "too busy"}), Retry::Backoff),
            (json!({"type": "new_error", "message": "too busy"}), Retry::Backoff),
            (json!({"code": 502, "message": "too busy"}), Retry::Backoff),
            (json!({"code": 401, "message": "too busy"}), Retry::Never),
            (json!({"type": "invalid_request_error", "message": "too busy"}), Retry::Never),
        ] {
            for typed in [json!({"type": "error", "error": error}), json!({ "error": error })] {
                let body = events(&[first.clone(), typed]);
                let error = raw(format, body).await.unwrap_err();
                assert_eq!(error.kind, ErrorKind::Reported);
                assert_eq!(error.retry, retry, "{error}");
                assert!(error.message.contains("too busy"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_tried_again() {
    for format in BOTH {
        let server = ModelServer::start().await;
        server.script("m", vec![Reply::chunks(["a", "b", "c"]).cut_after(2)]);
        let (reply, chunks) = ask(client(format, &server).as_ref()).await;
        let error = reply.unwrap_err();
        assert_eq!(chunks, [text("a"), text("b")]);
        assert_eq!(error.kind, ErrorKind::Cut);
        assert_eq!(error.retry, Retry::Backoff);

        for body in ["", "\n", "data: {\"type\":\"ping\"}\n\n"] {
            let error = raw(format, body).await.unwrap_err();
            assert_eq!((error.kind, error.retry), (ErrorKind::Cut, Retry::Backoff));
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_at_all_is_named() {
    for format in BOTH {
        let error = raw(format, "<!doctype html><p>Welcome").await.unwrap_err();
        assert_eq!(error.retry, Retry::Never);
        assert!(error.message.contains("web page"), "{error}");

        let error = raw(format, "{\"hello\": 1}").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed);
        let error = raw(format, "data: {broken\n\n").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed);
        let error = raw(format, "{\"error\": {\"message\": \"no such model\"}}").await;
        assert!(error.unwrap_err().message.contains("no such model"));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for format in BOTH {
        let server = ModelServer::start().await;
        let reply = Reply::status(307).header("location", "/v1/chat/completions");
        server.script("m", vec![reply]);
        let error = ask(client(format, &server).as_ref()).await.0.unwrap_err();
        assert_eq!(error.retry, Retry::Never);
        assert!(error.message.contains("redirect"), "{error}");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for format in BOTH {
        let client = client_at(format, &url, KEY, &HttpSettings::default());
        let error = ask(client.as_ref()).await.0.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreachable);
        assert_eq!(error.retry, Retry::Backoff);
        assert!(error.message.contains("_BASE_URL"), "{error}");
    }
}

#[tokio::test]
async fn silence_ends_in_a_time_out_that_is_tried_again() {
    for format in BOTH {
        for hang in [Hang::Start, Hang::After(1)] {
            let server = ModelServer::start().await;
            server.script("m", vec![Reply::chunks(["a", "b"]).hang(hang)]);
            let short = Duration::from_millis(100);
            let settings = HttpSettings {
                header_timeout: short,
                idle_timeout: short,
                ..HttpSettings::default()
            };
            let client = client_at(format, &server.url(), KEY, &settings);
            let error = ask(client.as_ref()).await.0.unwrap_err();
            assert_eq!(error.kind, ErrorKind::TimedOut, "{error}");
            assert_eq!(error.retry, Retry::Backoff);
            let request = &server.requests("m")[0];
            assert_eq!(request.ended().await, Ending::Disconnected);
        }
    }
}

#[tokio::test]
async fn no_error_shows_the_key() {
    let echo = format!("you sent {KEY}");
    for format in BOTH {
        let mut replies: Vec<Reply> = [400, 401, 403, 404, 429, 500]
            .into_iter()
            .flat_map(|status| {
                let json = json!({"error": {"message": echo, "type": echo}}).to_string();
                [json, echo.clone()].map(|body| Reply::status(status).body(body))
            })
            .collect();
        let location = format!("http://elsewhere/{KEY}?key={KEY}");
        replies.push(Reply::status(308).header("location", location));
        let reported = json!({"type": "error", "error": {"type": echo, "message": echo}});
        replies.push(Reply::raw("text/event-stream", events(&[reported])));
        replies.push(Reply::raw("text/event-stream", format!("data: {echo}\n\n")));
        replies.push(Reply::raw("application/json", json!({"error": echo}).to_string()));
        let count = replies.len();

        let server = ModelServer::start().await;
        server.script_exactly("m", replies);
        let client = client(format, &server);
        for _ in 0..count {
            let error = ask(client.as_ref()).await.0.unwrap_err();
            assert!(!error.message.contains(KEY), "{error}");
            assert!(!format!("{error:?}").contains(KEY));
        }
        let requests = server.requests("m");
        assert_eq!(requests.len(), count);

        let url = format!("http://user:{KEY}@127.0.0.1:1");
        let client = client_at(format, &url, KEY, &HttpSettings::default());
        let error = ask(client.as_ref()).await.0.unwrap_err();
        assert!(!error.message.contains(KEY), "{error}");
    }
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_named_and_a_line_break_at_its_end_is_none() {
    let server = ModelServer::start().await;
    server.script("the-key", vec![Reply::text("known")]);
    for format in BOTH {
        let client = client_at(format, &server.url(), "the-key\n", &HttpSettings::default());
        assert_eq!(ask(client.as_ref()).await.0.unwrap().text, "known");
    }
    let key = Secret::new("one\ntwo".to_owned());
    let error = OpenAi::new(http(&HttpSettings::default()), &server.openai_url(), Some(&key));
    let error = error.unwrap_err();
    assert!(error.message.contains("OPENAI_API_KEY"), "{error}");
    assert!(!error.message.contains("two"), "{error}");
}

#[tokio::test]
async fn without_a_key_none_is_sent_and_its_absence_is_named() {
    let server = ModelServer::start().await;
    server.script("m", vec![Reply::status(401)]);
    let http = http(&HttpSettings::default());
    let client = OpenAi::new(http, &server.openai_url(), None).unwrap();
    let error = ask(&client).await.0.unwrap_err();
    assert!(error.message.contains("wants a key (401)"), "{error}");
    assert!(error.message.contains("set OPENAI_API_KEY"), "{error}");
    let request = &server.requests("m")[0];
    assert!(!request.headers.contains_key("authorization"));
}

// --- requests ---

#[tokio::test]
async fn dropping_the_future_closes_the_request() {
    for format in BOTH {
        for hang in [Hang::Start, Hang::After(1)] {
            let server = ModelServer::start().await;
            server.script("m", vec![Reply::chunks(["a", "b"]).hang(hang)]);
            let client = client(format, &server);
            let request = tokio::select! {
                _ = ask(client.as_ref()) => panic!("it hangs"),
                requests = server.arrived("m", 1) => requests[0].clone(),
            };
            assert_eq!(request.ended().await, Ending::Disconnected, "{format:?} {hang:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_goes_on_when_the_provider_does() {
    let server = ModelServer::start().await;
    server.script("m", vec![Reply::hang_until_released()]);
    let client = client(OpenAiFormat, &server);
    let release = async {
        server.arrived("m", 1).await;
        server.release("m");
    };
    let ((reply, _), ()) = tokio::join!(ask(client.as_ref()), release);
    assert_eq!(reply.unwrap().text, "released");
    assert_eq!(server.requests("m")[0].ended().await, Ending::Answered);
}

#[tokio::test]
async fn settings_are_passed_on_in_the_words_of_the_format() {
    let server = ModelServer::start().await;
    let settings = json!({
        "temperature": 0.5, "top_p": null, "max_tokens": 77, "stop": "END", "unheard_of": true,
    });
    for (format, known) in [
        (OpenAiFormat, json!({"temperature": 0.5, "max_tokens": 77, "stop": "END"})),
        (AnthropicFormat, json!({"temperature": 0.5, "max_tokens": 77, "stop_sequences": ["END"]})),
    ] {
        let name = format!("{format:?}");
        let client = client_at(format, &server.url(), &name, &HttpSettings::default());
        server.script(&name, vec![Reply::text("a")]);
        converse(client.as_ref(), &[user("hello")], &settings).await.0.unwrap();
        converse(client.as_ref(), &[user("hello")], &Value::Null).await.0.unwrap();
        let requests = server.requests(&name);
        let sent = &requests[0].body;
        for (name, value) in known.as_object().unwrap() {
            assert_eq!(&sent[name], value, "{name}");
        }
        assert!(sent.get("top_p").is_none() && sent.get("unheard_of").is_none());
        assert_eq!(sent["stream"], true);
        match format {
            OpenAiFormat => {
                assert_eq!(sent["stream_options"], json!({"include_usage": true}));
                assert!(requests[1].body.get("max_tokens").is_none());
            }
            AnthropicFormat => {
                assert_eq!(sent["system"], "be kind");
                assert_eq!(requests[0].headers["anthropic-version"], "2023-06-01");
                assert_eq!(requests[1].body["max_tokens"], 8192);
            }
        }
    }
}

#[tokio::test]
async fn base_urls_are_read_as_the_official_clients_read_them() {
    let server = ModelServer::start().await;
    let key = Secret::new(KEY.to_owned());
    let settings = HttpSettings::default();
    for end in ["", "/", "/v1", "/v1/"] {
        let base = format!("{}{end}", server.url());
        let anthropic = Anthropic::new(http(&settings), &base, Some(&key)).unwrap();
        assert!(ask(&anthropic).await.0.is_ok(), "{base}");
        let openai = OpenAi::new(http(&settings), &base, Some(&key)).unwrap();
        let (reply, _) = ask(&openai).await;
        match end.starts_with("/v1") {
            true => assert!(reply.is_ok(), "{base}"),
            false => assert!(reply.unwrap_err().message.contains("ends in /v1")),
        }
    }
    let ollama = OpenAi::ollama(http(&settings), &server.url()).unwrap();
    assert!(ask(&ollama).await.0.is_ok());
    assert_eq!(ollama.provider(), "ollama");
}

#[tokio::test]
async fn connections_are_used_again() {
    for format in BOTH {
        let server = ModelServer::start().await;
        let client = client(format, &server);
        for reply in [Reply::chunks(["a", "b"]), Reply::status(500)] {
            server.script("m", vec![reply]);
            let _first = ask(client.as_ref()).await;
            let _second = ask(client.as_ref()).await;
            let requests = server.requests("m");
            assert_eq!(requests[0].peer, requests[1].peer, "{format:?}");
        }
    }
}

#[tokio::test]
async fn a_configured_proxy_is_used() {
    let server = ModelServer::start().await;
    let settings =
        HttpSettings { proxy: Some(Secret::new(server.url())), ..HttpSettings::default() };
    let client = client_at(OpenAiFormat, "http://provider.invalid", KEY, &settings);
    assert!(ask(client.as_ref()).await.0.is_ok());
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn proxy_variables_of_the_environment_are_not_looked_at() {
    let mut same_tests = tokio::process::Command::new(std::env::current_exe().unwrap());
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        same_tests.env(name, "http://127.0.0.1:1");
    }
    let one = ["--exact", "connections_are_used_again"];
    let output = same_tests.args(one).output().await.unwrap();
    let output = String::from_utf8_lossy(&output.stdout);
    assert!(output.contains("1 passed"), "{output}");
}

#[tokio::test]
async fn a_name_chooses_the_client() {
    let server = ModelServer::start().await;
    let config =
        |base_url: String| ProviderConfig { base_url, key: Some(Secret::new(KEY.to_owned())) };
    let providers = Providers {
        openai: Some(config(server.openai_url())),
        anthropic: Some(config(server.url())),
        ollama_host: Some(server.url()),
        default_model: None,
    };
    let models = Models::new(&http(&HttpSettings::default()), providers).unwrap();
    for (name, provider, model) in [
        (None, "openai", "gpt-5-mini"),
        (Some("claude-x"), "anthropic", "claude-x"),
        (Some("ollama/qwen3"), "ollama", "qwen3"),
        (Some("drover/offline"), "offline", "drover/offline"),
    ] {
        let (client, sent) = models.choose(name).unwrap();
        assert_eq!((client.provider(), sent.as_str()), (provider, model));
        assert!(ask(client.as_ref()).await.0.is_ok());
    }
    assert_eq!(server.count(), 3);
}

// --- the stand-in itself, as another process drives it ---

#[tokio::test]
async fn the_stand_in_is_scripted_over_http_too() {
    let server = ModelServer::start().await;
    http(&HttpSettings::default());
    let control = reqwest::Client::new();
    let post = |path: &str, body: Value| {
        let request = control.post(format!("{}{path}", server.url()));
        let request = request.header("content-type", "application/json");
        request.body(body.to_string()).send()
    };
    let script = json!([
        {"tool_calls": [{"name": "look", "arguments": {"at": 1}}]},
        {"text": "Done.", "hang": "start", "usage": {"input": 3, "output": 2}},
    ]);
    assert!(post("/__script/m", script).await.unwrap().status().is_success());
    let client = client(AnthropicFormat, &server);
    let reply = ask(client.as_ref()).await.0.unwrap();
    assert_eq!(reply.tool_calls[0].arguments, json!({"at": 1}));

    assert!(post("/__release/m", Value::Null).await.unwrap().status().is_success());
    let reply = ask(client.as_ref()).await.0.unwrap();
    assert_eq!((reply.text.as_str(), reply.usage.total()), ("Done.", 5));

    let requests = control.get(format!("{}/__requests/m", server.url())).send();
    let requests = requests.await.unwrap().text().await.unwrap();
    assert!(!requests.contains(KEY));
    let requests: Vec<Value> = serde_json::from_str(&requests).unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1]["ending"], "answered");
}

#[tokio::test]
async fn the_stand_in_paces_tokens_by_the_models_name() {
    let server = ModelServer::shared();
    let client = client(OpenAiFormat, server);
    let request = ChatRequest {
        model: "slow-1000x1",
        system: None,
        messages: &[user("hello")],
        tools: &[],
        settings: &Value::Null,
    };
    let mut chunks = Vec::new();
    let reply = client.chat(request, &mut |chunk| chunks.push(chunk)).await;
    assert_eq!(chunks.len(), 1000);
    assert!(reply.unwrap().text.ends_with("token1000 "));
}
