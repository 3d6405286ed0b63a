//! `drover job`.

use model_server::{ModelServer, Reply as Said};
use serde_json::json;

use crate::harness::program::{Terminal, interrupt};
use crate::harness::{Plane, unique};

#[plane_test]
async fn jobs_are_listed_and_shown() {
    let org = Plane::shared().organization().await;
    let terminal = Terminal::of(&org);
    let none = terminal.run(&["job", "list"]);
    assert_eq!((none.code, none.stdout.as_str(), none.stderr.as_str()), (Some(0), "", "no jobs\n"));
    assert_eq!(terminal.run(&["job", "list", "--json"]).json(), json!([]));
    let job = org.job(&org.agent("instant").await, "Hello {{who}}").await;
    let list = terminal.run(&["job", "list", "--json"]).json();
    let shown = org.get(&format!("/api/v1/jobs/{job}")).await.body;
    assert_eq!(list, json!([shown]), "as the API answers");
    assert_eq!(terminal.run(&["job", "get", &job, "--json"]).json(), shown);
    let table = terminal.run(&["job", "list"]);
    assert!(table.stdout.contains(&job) && table.stdout.contains("NAME"), "{table:?}");
    assert!(!table.stdout.contains('\u{1b}'), "no colours where no terminal is: {table:?}");
    let fields = terminal.run(&["job", "get", &job]);
    assert!(fields.stdout.contains("Hello {{who}}"), "{fields:?}");
}

#[plane_test]
async fn a_job_is_triggered_and_followed_to_its_result() {
    let org = Plane::shared().organization().await;
    let model = unique("model");
    let call = Said::tool_call("run_shell_command", json!({"command": "echo from-the-tool"}));
    ModelServer::shared().script(&model, vec![call, Said::text("Here you are.")]);
    let job = org.job(&org.agent(&model).await, "Hello {{who}}, {{greeting}}").await;
    let ended = Terminal::of(&org).run(&[
        "job",
        "trigger",
        &job,
        "-p",
        "who=world",
        "-p",
        "greeting=a=b",
        "--follow",
    ]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for part in [
        "Hello world, a=b",
        "run_shell_command",
        "echo from-the-tool",
        "from-the-tool",
        "Here you are.",
        "completed",
        "tokens",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended:?}");
    }
    let run = org.get(&format!("/api/v1/jobs/{job}")).await.text("last_execution_id");
    assert!(ended.stderr.contains(&run), "{ended:?}");
}

#[plane_test]
async fn following_for_a_program_prints_an_event_a_line() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "Hello").await;
    let ended = Terminal::of(&org).run(&["job", "trigger", &job, "--follow", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = ended.stdout.lines().map(serde_json::from_str::<serde_json::Value>);
    let events: Vec<_> = lines.map(|line| line.expect("JSON")["event"].clone()).collect();
    assert_eq!((&events[0], &events[events.len() - 1]), (&json!("connected"), &json!("done")));
}

#[plane_test]
async fn without_following_the_run_is_named_and_with_waiting_its_result() {
    let org = Plane::shared().organization().await;
    let terminal = Terminal::of(&org);
    let job = org.job(&org.agent("instant").await, "Hello {{n}}").await;
    let ended = terminal.run(&["job", "trigger", &job, "--params", r#"{"n": [1, 2]}"#]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let run = ended.stdout.trim();
    assert_eq!(org.execution(run).await["prompt"], "Hello [1,2]");
    assert!(ended.stderr.contains(&format!("drover execution logs {run} --follow")), "{ended:?}");
    let waited = terminal.run(&["job", "trigger", &job, "-p", "n=1", "--wait", "30"]);
    assert_eq!((waited.code, waited.stdout.trim()), (Some(0), "All is well."), "{waited:?}");
    let json =
        terminal.run(&["job", "trigger", &job, "-p", "n=1", "--wait", "30", "--json"]).json();
    assert_eq!(json["execution"]["status"], "completed");
}

#[plane_test]
async fn a_run_that_fails_is_told_by_the_exit_code() {
    let org = Plane::shared().organization().await;
    let model = unique("failing");
    ModelServer::shared().script(&model, vec![Said::status(400)]);
    let job = org.job(&org.agent(&model).await, "Hello").await;
    let terminal = Terminal::of(&org);
    let followed = terminal.run(&["job", "trigger", &job, "--follow"]);
    assert_eq!(followed.code, Some(5), "{followed:?}");
    assert!(followed.stdout.contains("failed"), "{followed:?}");
    let waited = terminal.run(&["job", "trigger", &job, "--wait", "30"]);
    assert_eq!(waited.code, Some(5), "{waited:?}");
    assert!(waited.stderr.contains("failed"), "{waited:?}");
}

#[plane_test]
async fn what_the_plane_refuses_is_told_in_its_words() {
    let org = Plane::shared().organization().await;
    let terminal = Terminal::of(&org);
    let nowhere = "job_00000000-0000-4000-8000-000000000000";
    for command in [["job", "get", nowhere], ["job", "trigger", nowhere]] {
        let ended = terminal.run(&command);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
        assert_eq!(ended.stderr, format!("error: Job {nowhere} not found (404)\n"));
    }
    let job = org.job(&org.agent("instant").await, "Hello {{who}}").await;
    let ended = terminal.run(&["job", "trigger", &job]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("`parameters.who`"), "{ended:?}");
    let stranger = terminal.with("DROVER_API_KEY", "letmein").run(&["job", "list"]);
    assert_eq!(stranger.code, Some(3), "{stranger:?}");
    assert!(stranger.stderr.contains("DROVER_API_KEY"), "{stranger:?}");
}

#[plane_test]
async fn ctrl_c_detaches_and_says_how_to_come_back() {
    let org = Plane::shared().organization().await;
    let model = unique("slow");
    ModelServer::shared().script(&model, vec![Said::hang_until_released()]);
    let job = org.job(&org.agent(&model).await, "Hello").await;
    let terminal = Terminal::of(&org);
    let child = terminal.start_until(&["job", "trigger", &job, "--follow"], "Hello");
    interrupt(&child);
    let output = child.wait_with_output().expect("its end");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    let run = org.get(&format!("/api/v1/jobs/{job}")).await.text("last_execution_id");
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("detached; the run goes on"), "{stderr}");
    assert!(stderr.contains(&format!("drover execution logs {run} --follow")), "{stderr}");
    ModelServer::shared().release(&model);
    assert_eq!(org.finished(&run).await["status"], "completed", "the run did not notice");
    let back = terminal.run(&["execution", "logs", &run, "--follow"]);
    assert_eq!(back.code, Some(0), "{back:?}");
    assert!(back.stdout.contains("Hello") && back.stdout.contains("released"), "{back:?}");
}
