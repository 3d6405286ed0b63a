//! Model providers in trouble: tried again where that helps, else told to a person.

use model_server::{Hang, Reply};
use serde_json::{Value, json};

use crate::harness::{Model, Organization, Plane};

/// The run's retries, in words.
async fn retries(org: &Organization, id: &str) -> Vec<String> {
    let log = org.log(id).await;
    let retries = log.iter().filter(|entry| entry["event_type"] == "retry");
    retries
        .map(|entry| entry["data"]["data"]["message"].as_str().expect("words").to_owned())
        .collect()
}

/// All text under one message id, after what was reset.
async fn streamed(org: &Organization, id: &str) -> String {
    let mut text = String::new();
    for entry in org.log(id).await {
        match entry["event_type"].as_str() {
            Some("message_chunk") => {
                text.push_str(entry["data"]["data"]["content"].as_str().expect("a text"));
            }
            Some("message_reset") => text.clear(),
            _ => {}
        }
    }
    text
}

#[plane_test]
async fn a_wrong_key_fails_the_run_at_once_and_says_what_to_check() {
    let org = Plane::shared().organization().await;
    for (model, setting, key) in [
        (Model::new([Reply::status(401)]), "OPENAI_API_KEY", "sk-test-openai"),
        (Model::anthropic([Reply::status(401)]), "ANTHROPIC_API_KEY", "sk-test-anthropic"),
    ] {
        // Some providers show the key in what they answer.
        let body = json!({"error": {"message": format!("Incorrect API key provided: {key}")}});
        model.change([Reply::status(401).body(body.to_string())]);
        let id = org.ask(&model, "go").await;
        let run = org.finished(&id).await;
        assert_eq!(run["status"], "failed");
        let message = run["error_message"].as_str().expect("a message");
        assert!(message.contains("refused the key") && message.contains(setting), "{message}");
        let everything = format!("{run} {:?}", org.log(&id).await);
        assert!(!everything.contains(key), "{everything}");
        assert_eq!(model.requests().len(), 1, "not tried again");
    }
}

#[plane_test]
async fn what_the_provider_rejects_is_not_tried_again() {
    let org = Plane::shared().organization().await;
    for status in [400, 403, 404, 413] {
        let model = Model::new([Reply::status(status)]);
        let run = org.finished(&org.ask(&model, "go").await).await;
        assert_eq!(run["status"], "failed");
        let message = run["error_message"].as_str().expect("a message");
        assert!(message.contains(&status.to_string()), "{message}");
        assert_eq!(model.requests().len(), 1, "{status}");
    }
}

#[plane_test]
async fn a_provider_that_asks_to_slow_down_is_asked_again_when_it_says() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::status(429).header("retry-after", "1"), Reply::text("Now.")]);
    let id = org.ask(&model, "go").await;
    let run = org.finished(&id).await;
    assert_eq!(run["response"], "Now.", "{run}");
    let retries = retries(&org, &id).await;
    assert!(retries.len() == 1 && retries[0].contains("slow down"), "{retries:?}");
    let log = org.log(&id).await;
    let at = |kind: &str| {
        let entry = log.iter().find(|entry| entry["event_type"] == kind).expect("an entry");
        entry["timestamp"].as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time")
    };
    let waited = at("message_chunk").duration_since(at("retry"));
    assert!(waited.as_millis() >= 1000, "it waited {waited}");
}

#[plane_test]
async fn a_provider_that_fails_is_asked_again_and_every_try_is_told() {
    let org = Plane::shared().organization().await;
    for model in [Model::new([]), Model::anthropic([])] {
        model.change([Reply::status(500), Reply::status(529), Reply::text("At last.")]);
        let id = org.ask(&model, "go").await;
        let run = org.finished(&id).await;
        assert_eq!(run["response"], "At last.", "{run}");
        let retries = retries(&org, &id).await;
        assert!(retries.len() == 2, "{retries:?}");
        assert!(retries[0].contains("failed (500)"), "{retries:?}");
        assert!(retries[1].contains("overloaded (529)"), "{retries:?}");
        assert_eq!(model.requests().len(), 3);
        assert_eq!(run["usage"]["turns"], 1);
    }
}

#[plane_test]
async fn a_provider_that_stays_down_fails_the_run_in_the_end() {
    let org = Plane::shared().organization().await;
    let down = || Reply::status(503).header("retry-after", "0");
    let model = Model::new([down(), down(), down(), down(), down(), Reply::text("too late")]);
    let run = org.finished(&org.ask(&model, "go").await).await;
    assert_eq!(run["status"], "failed");
    let message = run["error_message"].as_str().expect("a message");
    assert!(message.contains("given up after 5 tries"), "{message}");
    assert_eq!(model.requests().len(), 5);
}

#[plane_test]
async fn a_cut_answer_is_asked_for_again_and_its_beginning_is_not_said_twice() {
    let org = Plane::shared().organization().await;
    let whole = ["The sky ", "is ", "blue."];
    for model in [Model::new([]), Model::anthropic([])] {
        model
            .change([Reply::chunks(whole).hang(Hang::After(2)).cut_after(2), Reply::chunks(whole)]);
        let id = org.ask(&model, "go").await;
        model.arrived(1).await;
        model.release();
        let run = org.finished(&id).await;
        assert_eq!(run["response"], "The sky is blue.", "{run}");
        assert_eq!(streamed(&org, &id).await, "The sky is blue.");
        let log = org.log(&id).await;
        assert!(log.iter().all(|entry| entry["event_type"] != "message_reset"));
        let ids: Vec<&Value> = log
            .iter()
            .filter(|e| e["event_type"] == "message_chunk")
            .map(|entry| &entry["data"]["data"]["message_id"])
            .collect();
        assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
        assert_eq!(retries(&org, &id).await.len(), 1);
    }
}

#[plane_test]
async fn another_answer_after_a_cut_one_voids_what_was_said() {
    let org = Plane::shared().organization().await;
    let model = Model::new([
        Reply::chunks(["The sky ", "is ", "blue."]).cut_after(2),
        Reply::chunks(["The sky ", "was ", "red."]),
    ]);
    let id = org.ask(&model, "go").await;
    let run = org.finished(&id).await;
    assert_eq!(run["response"], "The sky was red.", "{run}");
    assert_eq!(streamed(&org, &id).await, "The sky was red.");
    let log = org.log(&id).await;
    let reset = log.iter().find(|entry| entry["event_type"] == "message_reset").expect("a reset");
    let (before, after) =
        (&reset["data"]["data"]["message_id"], &reset["data"]["data"]["replaced_by"]);
    assert_ne!(before, after);
    let chunks = log.iter().filter(|entry| entry["event_type"] == "message_chunk");
    for chunk in chunks {
        let is_after = chunk["seq"].as_i64() > reset["seq"].as_i64();
        let expected = if is_after { after } else { before };
        assert_eq!(&chunk["data"]["data"]["message_id"], expected);
    }
}

#[plane_test]
async fn an_answer_that_is_no_answer_is_told_in_words() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::raw("text/html", "<html>Sign in</html>")]);
    let run = org.finished(&org.ask(&model, "go").await).await;
    assert_eq!(run["status"], "failed");
    let message = run["error_message"].as_str().expect("a message");
    assert!(message.contains("web page") && message.contains("OPENAI_BASE_URL"), "{message}");
}

#[plane_test(stores)]
async fn a_provider_that_is_not_there_is_tried_again_and_named() {
    // Nobody listens on port 1.
    let plane = Plane::configured("ollama_host = \"http://127.0.0.1:1\"");
    let org = plane.organization().await;
    let agent = org.agent("ollama/llama3.2").await;
    let id = org.execute(&agent, json!({"prompt": "go"})).await;
    let frames = org.stream_until(&id, None, |frame| frame.event == "retry").await;
    let message = frames.last().expect("frames").data["data"]["message"].to_string();
    assert!(message.contains("cannot be reached") && message.contains("OLLAMA_HOST"), "{message}");
    org.cancel(&id).await;
    assert_eq!(org.finished(&id).await["status"], "cancelled");
}
