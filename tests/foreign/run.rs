//! A whole run, as the worker's workflow goes through it.

use serde_json::{Value, json};

use crate::harness::{ForeignWorker, Plane, names};

#[plane_test]
async fn a_run_goes_from_its_start_to_its_end() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.asked(json!({"prompt": "What is new?"})).await;
    let waiting = org.execution(&run).await;
    assert_eq!(waiting["status"], "pending");
    assert!(waiting["waiting_for"].as_str().is_some_and(|what| what.contains("a free slot")));

    // Steps 2 and 5b: running, and the prompt as the worker says it again.
    let begun = worker.begins(&run).await;
    assert_eq!((begun.status, &begun.body["status"]), (200, &json!("running")), "{begun}");
    let prompt = json!({
        "role": "user", "content": "What is new?", "message_id": format!("{run}_user_1"),
        "timestamp": "2026-01-31T12:00:00", "user_id": null,
    });
    assert_eq!(worker.publishes(&run, "message", prompt).await.status, 202);

    // Step 5c: the runtime streams, calls a tool, and says the whole answer once more.
    let message = format!("{run}_msg_1769860800123456");
    let begins = json!({"run_id": "r", "execution_id": run, "cancellable": true});
    assert_eq!(worker.publishes(&run, "run_started", begins).await.status, 202);
    worker.streams(&run, &message, "Much is new:").await;
    let call = json!({
        "tool_name": "shell", "tool_execution_id": "shell_0123456789ab",
        "tool_arguments": {"command": "date"}, "message": "Executing tool: shell",
    });
    assert_eq!(worker.publishes(&run, "tool_started", call).await.status, 202);
    let answered = json!({
        "tool_name": "shell", "tool_execution_id": "shell_0123456789ab", "status": "success",
        "tool_output": "Friday", "tool_error": null, "message": "done",
    });
    assert_eq!(worker.publishes(&run, "tool_completed", answered).await.status, 202);
    worker.streams(&run, &message, "it is").await;
    worker.streams(&run, &message, "Friday").await;
    worker.streams(&run, &message, "Much is new:\nit is Friday").await;

    // Step 5d: the report of the turn decides before it is answered; step 5g asks.
    let preview = json!({"response_preview": "Much is new:it isFridayMuch is new:\nit is Friday"});
    let reported = worker.reports_turn(&run, 1, preview).await;
    assert_eq!((reported.status, &reported.body["status"]), (201, &json!("completed")));
    assert_eq!(org.execution(&run).await["status"], "completed");

    // Steps 5h and 6.
    let doubled = "Much is new:it isFridayMuch is new:\nit is Friday";
    let session = json!({
        "session_id": run, "user_id": null, "metadata": {"conversation_turn": 1},
        "messages": [
            {"role": "user", "content": "What is new?", "message_id": format!("{run}_user_1")},
            {"role": "assistant", "content": doubled, "message_id": format!("{run}_1769860801")},
        ],
    });
    let path = format!("/api/v1/executions/{run}/session");
    let stored = worker.with_user_key(&path, session).await;
    assert_eq!((stored.status, &stored.body["success"]), (201, &json!(true)), "{stored}");
    assert_eq!(worker.ends(&run, "completed", doubled).await.status, 200);

    let ended = org.execution(&run).await;
    assert_eq!(ended["response"], "Much is new:\nit is Friday");
    assert_eq!(ended["usage"]["total_tokens"], 18);
    assert_eq!(ended["usage"]["cost_micro_usd"], 138);
    assert_eq!(ended["execution_metadata"]["workflow_completed"], true);
    let frames = org.stream(&run, None).await;
    let shown: Vec<_> = names(&frames).into_iter().filter(|name| *name != "connected").collect();
    let expected = [
        "message",
        "history_complete",
        "status",
        "run_started",
        "message_chunk",
        "tool_started",
        "tool_completed",
        "message_chunk",
        "message_chunk",
        "status",
        "done",
    ];
    let shown: Vec<_> = shown.into_iter().filter(|name| *name != "history_complete").collect();
    let expected: Vec<_> =
        expected.into_iter().filter(|name| *name != "history_complete").collect();
    assert_eq!(shown, expected);
    let done = &frames.last().expect("frames").data;
    assert_eq!(done["response"], "Much is new:\nit is Friday");
    let conversation = org.get(&path).await;
    assert_eq!(conversation.body["message_count"], 2, "{conversation}");
    let said: Vec<&Value> = conversation.body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["content"])
        .collect();
    assert_eq!(said, ["What is new?", "Much is new:\nit is Friday"]);
}

#[plane_test]
async fn its_tool_calls_look_like_ours() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let run = worker.running(json!({"prompt": "go"})).await;
    let failed = json!({
        "tool_name": "shell", "tool_execution_id": "shell_1", "status": "failed",
        "tool_output": "half", "error": "no such file", "message": "x",
    });
    assert_eq!(worker.publishes(&run, "tool_completed", failed).await.status, 202);
    let log = org.log(&run).await;
    let data = &log.last().expect("entries")["data"]["data"];
    assert_eq!(data["tool_output"], json!({"output": "half"}));
    assert_eq!(data["tool_error"], "no such file");
    assert_eq!(data["status"], "failed");
}

#[plane_test]
async fn who_waits_for_a_run_gets_its_answer() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let agent = org.agent("instant").await;
    let body = json!({"prompt": "Hi", "worker_queue_id": worker.queue});
    let path = format!("/api/v1/agents/{agent}/execute");
    let asked = org.request(reqwest::Method::POST, &path).header("Prefer", "wait=60").json(&body);
    let works = async {
        let run = loop {
            let runs = org.get("/api/v1/executions").await;
            if let Some(run) = runs.body[0]["id"].as_str() {
                break run.to_owned();
            }
        };
        worker.begins(&run).await;
        worker.streams(&run, "m", "Hello").await;
        worker.reports_turn(&run, 1, json!({})).await;
    };
    let (reply, ()) = tokio::join!(crate::harness::Reply::read(asked), works);
    assert_eq!(reply.body["execution"]["response"], "Hello", "{reply}");
    assert_eq!(reply.body["execution"]["status"], "completed");
}
