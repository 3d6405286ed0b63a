//! `drover quickstart`: from nothing to a run that can be watched.

use crate::harness::program::Terminal;

const QUICKSTART: [&str; 4] = ["quickstart", "--exit", "--listen", "127.0.0.1:0"];

#[test]
fn a_first_run_is_shown_without_any_provider() {
    let terminal = Terminal::new();
    let ended = terminal.run(&QUICKSTART);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for part in [
        // The prompt, the tool's call, its output, and what the stand-in made of it.
        "Greet world in one sentence",
        "run_shell_command",
        "uname -srm && nproc",
        "Linux",
        "drover/offline",
        "completed",
        "result",
        "/api/v1/executions/",
        "/stream",
        "curl -H \"Authorization: Bearer $key\"",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}\n{}", ended.stdout, ended.stderr);
    }
    assert!(ended.stderr.contains("set `OPENAI_API_KEY` or `ANTHROPIC_API_KEY`"), "{ended:?}");
    assert!(terminal.path(".drover/drover.db").exists(), "the plane is in `./.drover`");
    let again = terminal.run(&QUICKSTART);
    assert_eq!(again.code, Some(0), "on the same directory: {again:?}");
}

#[test]
fn the_curl_it_prints_does_the_same() {
    let terminal = Terminal::new();
    let printed = terminal.run(&QUICKSTART).stdout;
    let script = printed.split_once("The same with curl\n").expect("the commands").1;
    let key = script.lines().next().expect("the line that reads the key");
    let told = std::process::Command::new("/bin/sh")
        .args(["-c", &format!("{key}\nprintf %s \"$key\"")])
        .output()
        .expect("run sh");
    let file = std::fs::read_to_string(terminal.path(".drover/credentials")).expect("credentials");
    let credentials: serde_json::Value = serde_json::from_str(&file).expect("JSON");
    assert_eq!(
        String::from_utf8_lossy(&told.stdout),
        credentials["api_key"].as_str().expect("a key")
    );
    let job = credentials["job_id"].as_str().expect("a job");
    assert!(script.contains(&format!("/api/v1/jobs/{job}/trigger")), "{script}");
    assert!(!printed.contains(credentials["api_key"].as_str().unwrap()), "the key is not shown");
}
