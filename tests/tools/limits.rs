//! Limits of a call: time and output.

use model_server::{Hang, Reply};
use serde_json::{Value, json};

use crate::harness::{Model, Organization, Plane, Workspace, shell, unique};

/// Asks an agent whose shell has these settings.
async fn ask(org: &Organization, model: &Model, settings: Value) -> String {
    let body = json!({"name": unique("shell"), "type": "shell", "configuration": settings});
    let skill = org.create("/api/v1/skills", body).await;
    let body = json!({"name": unique("agent"), "model_id": model.name, "skill_ids": [skill]});
    let agent = org.create("/api/v1/agents", body).await;
    org.execute(&agent, json!({"prompt": "go"})).await
}

#[plane_test]
async fn a_command_that_takes_too_long_is_killed_and_the_model_is_told() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    let command = "echo started; exec 3> held; echo held >&3; setsid sleep 1000 & sleep 1000";
    let model = Model::new([shell(command).hang(Hang::Start), Reply::text("Too slow.")]);
    let id = ask(&org, &model, json!({"timeout": 1})).await;
    let mut held = Workspace::of(plane, &id).pipe("held");
    model.release();
    assert_eq!(held.hear().await, "held");
    held.abandoned().await;
    let run = org.finished(&id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("Too slow.")));
    let answer = org.tool_answers(&id).await.remove(0);
    assert!(answer.contains("did not end in time") && answer.contains("started"), "{answer}");
}

#[plane_test]
async fn of_a_long_output_the_model_gets_the_last_lines() {
    let org = Plane::shared().organization().await;
    let tail = json!({"command": "seq 1000", "tail": 2});
    let model = Model::new([
        shell("seq 100000"),
        Reply::tool_call("run_shell_command", tail),
        Reply::text("ok"),
    ]);
    let id = org.ask(&model, "go").await;
    org.finished(&id).await;
    let answers = org.tool_answers(&id).await;
    let lines: Vec<_> = answers[0].lines().collect();
    assert_eq!((lines.len(), lines[0], lines[99]), (100, "99901", "100000"));
    assert_eq!(answers[1], "999\n1000");
}

#[plane_test]
async fn an_output_without_end_is_cut_and_the_log_shows_its_beginning() {
    let org = Plane::shared().organization().await;
    let model = Model::new([shell("head -c 50000000 /dev/zero | tr '\\0' x"), Reply::text("ok")]);
    let id = org.ask(&model, "go").await;
    let run = org.finished(&id).await;
    assert_eq!(run["status"], "completed", "{run}");
    let answer = org.tool_answers(&id).await.remove(0);
    assert!(answer.len() <= (1 << 20) + 100, "{} bytes", answer.len());
    assert!(answer.contains("bytes left out"));
    let log = org.log(&id).await;
    let completed =
        log.iter().find(|entry| entry["event_type"] == "tool_completed").expect("an end");
    let data = &completed["data"]["data"];
    assert_eq!(data["tool_output"]["output"].as_str().map(str::len), Some(16 * 1024));
    assert_eq!((&data["truncated"], &data["output_bytes"]), (&json!(true), &json!(answer.len())));
}
