//! Asking an agent: one run from its accept to its end.

use model_server::{Reply, Tokens};
use serde_json::{Value, json};

use crate::harness::{Model, Plane, names, shell};

/// Roles and texts of what a model in OpenAI's format was sent.
fn said(request: &model_server::Request) -> Vec<(String, String)> {
    let messages = request.body["messages"].as_array().expect("messages");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    messages.iter().map(|message| (text(&message["role"]), text(&message["content"]))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(role, text)| ((*role).to_owned(), (*text).to_owned())).collect()
}

#[plane_test]
async fn a_question_is_accepted_answered_and_its_answer_kept() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("It is blue.")]);
    let agent = org.agent(&model.name).await;

    let path = format!("/api/v1/agents/{agent}/execute");
    let accepted = org.post(&path, json!({"prompt": "What colour is the sky?"})).await;
    let id = accepted.text("execution_id");
    let expected = json!({
        "execution_id": id, "workflow_id": format!("agent-execution-{id}"), "status": "PENDING",
        "message": "Execution submitted to worker queue: default",
    });
    assert_eq!((accepted.status, &accepted.body), (200, &expected));

    let run = org.finished(&id).await;
    assert_eq!(run["status"], "completed");
    assert_eq!(run["response"], "It is blue.");
    assert_eq!(run["error_message"], Value::Null);
    assert_eq!(run["prompt"], "What colour is the sky?");
    assert_eq!(run["entity_id"], agent.as_str());
    assert_eq!(run["execution_type"], "AGENT");
    assert_eq!(run["trigger_source"], "user");
    assert_eq!(run["last_message_preview"], "It is blue.");
    let time = |field: &str| run[field].as_str().expect("a time").to_owned();
    assert!(time("created_at") <= time("started_at"), "{run}");
    assert!(time("started_at") <= time("completed_at"), "{run}");
    assert_eq!(said(&model.requests()[0]), pairs(&[("user", "What colour is the sky?")]));
}

#[plane_test]
async fn a_model_of_each_format_answers_and_tokens_are_counted_in_both_spellings() {
    let org = Plane::shared().organization().await;
    let tokens = Tokens { input: 1000, output: 200, cached: 400, reasoning: 0 };
    let answer = || [Reply::text("Done.").usage(tokens)];
    for model in [Model::new(answer()), Model::anthropic(answer())] {
        let run = org.finished(&org.ask(&model, "go").await).await;
        assert_eq!(run["response"], "Done.", "{run}");
        let usage = &run["usage"];
        let counts = ["prompt_tokens", "input_tokens", "completion_tokens", "output_tokens"];
        assert_eq!(counts.map(|name| &usage[name]), [1000, 1000, 200, 200], "{usage}");
        assert_eq!((&usage["total_tokens"], &usage["cached_tokens"]), (&json!(1200), &json!(400)));
        assert_eq!(usage["turns"], 1);
    }
}

#[plane_test]
async fn a_run_costs_what_its_model_costs() {
    let org = Plane::shared().organization().await;
    let tokens = Tokens { input: 1000, output: 200, cached: 400, reasoning: 50 };
    let turns = || [shell("true").usage(tokens), Reply::text("Done.").usage(tokens)];

    // 600 × $0.25 + 400 × $0.025 + 200 × $2, per million, twice.
    let model = Model::priced("gpt-5-mini", turns());
    let usage = org.finished(&org.ask(&model, "go").await).await["usage"].clone();
    assert_eq!(usage["cost_micro_usd"], 2 * 560, "{usage}");
    assert_eq!(usage["cost_usd"], 0.00112);
    assert_eq!(usage["reasoning_tokens"], 100);
    assert!(usage["price_version"].is_string());

    // 600 × $3 + 400 × $0.30 + 200 × $15, per million, twice.
    let model = Model::priced("claude-sonnet-4-5", turns());
    let usage = org.finished(&org.ask(&model, "go").await).await["usage"].clone();
    assert_eq!(usage["cost_micro_usd"], 2 * 4920, "{usage}");
}

#[plane_test]
async fn a_model_without_a_known_price_costs_null_and_not_nothing() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("Done.")]);
    let usage = org.finished(&org.ask(&model, "go").await).await["usage"].clone();
    let usage = usage.as_object().expect("an object");
    assert_eq!(usage.get("cost_usd"), Some(&Value::Null));
    assert_eq!(usage.get("price_version"), Some(&Value::Null));
}

#[plane_test]
async fn two_calls_of_one_turn_are_made_one_after_the_other() {
    let org = Plane::shared().organization().await;
    let both = shell("echo first >> order")
        .and_call("run_shell_command", json!({"command": "echo second >> order; cat order"}));
    let model = Model::new([both, Reply::text("Both are done.")]);
    let id = org.ask(&model, "go").await;
    let frames = org.stream(&id, None).await;

    let calls: Vec<_> = frames.iter().filter(|frame| frame.event.starts_with("tool_")).collect();
    let call = |index: usize| &calls[index].data["data"];
    let order = ["tool_started", "tool_completed", "tool_started", "tool_completed"];
    assert_eq!(calls.iter().map(|frame| frame.event.as_str()).collect::<Vec<_>>(), order);
    assert_eq!(call(0)["tool_execution_id"], call(1)["tool_execution_id"]);
    assert_eq!(call(2)["tool_execution_id"], call(3)["tool_execution_id"]);
    assert_ne!(call(0)["tool_execution_id"], call(2)["tool_execution_id"]);
    assert_eq!(call(0)["tool_arguments"], json!({"command": "echo first >> order"}));
    assert_eq!(call(3)["status"], "success");
    assert_eq!(call(3)["tool_output"], json!({"output": "first\nsecond"}));

    // The model gets each answer under the id of its own call.
    let second = &model.requests()[1];
    let asked = &second.body["messages"][1]["tool_calls"];
    let answers = &second.body["messages"].as_array().expect("messages")[2..];
    assert_eq!(answers.len(), 2, "{answers:?}");
    for index in 0..2 {
        assert_eq!(answers[index]["tool_call_id"], asked[index]["id"]);
    }
    assert_eq!(answers[1]["content"], "first\nsecond");
    assert_eq!(model.requests().len(), 2);
}

#[plane_test]
async fn every_turn_sees_what_was_said_before_in_both_formats() {
    let org = Plane::shared().organization().await;
    let replies = || [shell("echo one"), shell("echo two"), Reply::text("One and two.")];
    for model in [Model::new(replies()), Model::anthropic(replies())] {
        let run = org.finished(&org.ask(&model, "Count.").await).await;
        assert_eq!(run["response"], "One and two.", "{run}");
        assert_eq!(run["usage"]["turns"], 3);
        let requests = model.requests();
        let lengths = requests.iter().map(|one| one.body["messages"].as_array().map(Vec::len));
        assert_eq!(lengths.collect::<Vec<_>>(), [Some(1), Some(3), Some(5)]);
        let last = requests[2].body["messages"].to_string();
        let places = ["Count.", "echo one", "echo two"].map(|text| last.find(text));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{last}");
    }
}

#[plane_test]
async fn a_failed_call_is_an_answer_for_the_model_and_no_end_of_the_run() {
    let org = Plane::shared().organization().await;
    let model = Model::new([
        shell("echo oh dear >&2; exit 3"),
        Reply::tool_call("launch_rockets", json!({})),
        Reply::text("I give up."),
    ]);
    let id = org.ask(&model, "go").await;
    let frames = org.stream(&id, None).await;
    let failed: Vec<_> = frames.iter().filter(|frame| frame.event == "tool_completed").collect();
    assert_eq!(failed.len(), 2);
    for frame in failed {
        assert_eq!(frame.data["data"]["status"], "failed", "{frame:?}");
    }
    let answers = org.tool_answers(&id).await;
    assert!(answers[0].contains("exit code 3") && answers[0].contains("oh dear"), "{answers:?}");
    assert!(answers[1].contains("no tool `launch_rockets`"), "{answers:?}");
    assert_eq!(org.execution(&id).await["response"], "I give up.");
}

#[plane_test]
async fn instructions_of_the_run_stand_in_for_those_of_the_agent() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("a"), Reply::text("b")]);
    let body = json!({"name": "poet", "model_id": model.name, "system_prompt": "You rhyme."});
    let agent = org.create("/api/v1/agents", body).await;
    org.finished(&org.execute(&agent, json!({"prompt": "go"})).await).await;
    let body = json!({"prompt": "go", "system_prompt": "You do not rhyme."});
    org.finished(&org.execute(&agent, body).await).await;
    let requests = model.requests();
    assert_eq!(said(&requests[0]), pairs(&[("system", "You rhyme."), ("user", "go")]));
    assert_eq!(said(&requests[1]), pairs(&[("system", "You do not rhyme."), ("user", "go")]));
}

#[plane_test]
async fn the_built_in_model_runs_a_command_and_says_what_it_is() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("drover/offline").await;
    let id = org.execute(&agent, json!({"prompt": "Hello!\nrun: echo from the shell"})).await;
    let run = org.finished(&id).await;
    assert_eq!(run["status"], "completed", "{run}");
    assert_eq!(run["usage"]["cost_usd"], 0.0);
    assert_eq!(org.tool_answers(&id).await, ["from the shell"]);
    let answer = run["response"].as_str().expect("a text");
    assert!(answer.contains("not a language model"), "{answer}");
}

#[plane_test]
async fn nobody_can_ask_an_agent_or_use_a_queue_that_is_not_theirs() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let theirs = other.agent("gpt-5-mini").await;
    let reply = org.post(&format!("/api/v1/agents/{theirs}/execute"), json!({"prompt": "x"})).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Agent not found"}"#);

    let agent = org.agent("gpt-5-mini").await;
    let body = json!({"prompt": "x", "worker_queue_id": other.queue_id});
    let reply = org.post(&format!("/api/v1/agents/{agent}/execute"), body).await;
    assert_eq!(reply.status, 404, "{reply}");
    assert!(reply.text("detail").contains(&other.queue_id), "{reply}");
    assert_eq!(org.get("/api/v1/executions").await.body, json!([]));
}

#[plane_test]
async fn the_log_tells_a_run_from_its_question_to_its_end() {
    let org = Plane::shared().organization().await;
    let model = Model::new([shell("echo hi"), Reply::text("It says hi.")]);
    let id = org.ask(&model, "go").await;
    let frames = org.stream(&id, None).await;
    let stored: Vec<_> = frames.into_iter().filter(|frame| !frame.id.is_empty()).collect();
    assert_eq!(
        names(&stored),
        ["message", "status", "tool_started", "tool_completed", "message_chunk", "status", "done"]
    );
    assert_eq!(stored[0].data["role"], "user");
    assert_eq!(stored[1].data["status"], "running");
    assert_eq!(stored[4].data["data"]["content"], "It says hi.");
    assert_eq!(stored[5].data["status"], "completed");
    assert_eq!(stored[6].data["response"], "It says hi.");
    assert_eq!(stored[6].data["usage"]["turns"], 2);
    assert_eq!(stored[6].data["execution_id"], id.as_str());
}
