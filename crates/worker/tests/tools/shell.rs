//! The shell skill.

use serde_json::{Value, json};

use crate::place::{Place, skill};

const TOOL: &str = "run_shell_command";

async fn ok(place: &Place, configuration: Value, arguments: Value) -> String {
    place.ok("shell", configuration, TOOL, arguments).await
}
async fn err(place: &Place, configuration: Value, arguments: Value) -> String {
    place.err("shell", configuration, TOOL, arguments).await
}

#[tokio::test]
async fn both_forms_run_in_the_workspace() {
    let place = Place::new();
    let line = json!({"command": "echo $GREETING > f; pwd; echo $DROVER_IDEMPOTENCY_KEY"});
    let here = place.workspace().files().display().to_string();
    assert_eq!(ok(&place, json!({}), line).await, format!("{here}\n{}", place.key()));
    assert_eq!(ok(&place, json!({}), json!({"args": ["cat", "f"]})).await, "hello");
    assert_eq!(ok(&place, json!({}), json!({"args": ["echo", "$HOME; *"]})).await, "$HOME; *");
}

#[tokio::test]
async fn the_tail_is_returned() {
    let place = Place::new();
    assert_eq!(ok(&place, json!({}), json!({"command": "seq 500", "tail": 2})).await, "499\n500");
    assert_eq!(ok(&place, json!({}), json!({"command": "seq 500"})).await.lines().count(), 100);
}

#[tokio::test]
async fn a_failure_says_how() {
    let place = Place::new();
    let text = err(&place, json!({}), json!({"command": "echo out; echo err >&2; exit 3"})).await;
    assert_eq!(text, "`/bin/sh` failed with exit code 3.\nstderr:\nerr\n\nstdout:\nout\n");
    let text = err(&place, json!({}), json!({"args": ["no-such-program"]})).await;
    assert!(text.starts_with("`no-such-program` is not installed in the sandbox."), "{text}");
}

#[tokio::test]
async fn the_timeout_is_kept() {
    let place = Place::new();
    let text =
        err(&place, json!({"timeout": 1}), json!({"command": "echo begun; sleep 1000"})).await;
    assert_eq!(text, "`/bin/sh` did not end in time and was killed.\nstdout:\nbegun\n");
}

#[tokio::test]
async fn only_allowed_commands_run() {
    let place = Place::new();
    let allowed = json!({"allowed_commands": ["ls", "echo"]});
    assert_eq!(ok(&place, allowed.clone(), json!({"command": "echo a | echo b"})).await, "b");
    assert_eq!(ok(&place, allowed.clone(), json!({"args": ["/bin/echo", "c"]})).await, "c");
    for arguments in [
        json!({"command": "echo a; touch ran"}),
        json!({"command": "echo $(touch ran)"}),
        json!({"args": ["touch", "ran"]}),
        json!({"args": ["sh", "-c", "touch ran"]}),
    ] {
        let text = err(&place, allowed.clone(), arguments).await;
        assert!(text.starts_with("Refused, nothing was run:"), "{text}");
        assert!(text.ends_with("Allowed commands: ls, echo."), "{text}");
    }
    assert!(!place.file("ran").exists());
    err(&place, json!({"allowed_commands": []}), json!({"args": ["ls"]})).await;
}

#[tokio::test]
async fn a_program_in_the_workspace_does_not_pass_for_an_allowed_one() {
    let place = Place::new();
    ok(
        &place,
        json!({}),
        json!({"command": "printf '#!/bin/sh\\ntouch ran\\n' > ls; chmod +x ls; ./ls; rm ran"}),
    )
    .await;
    let allowed = json!({"allowed_commands": ["ls"]});
    err(&place, allowed.clone(), json!({"args": ["./ls"]})).await;
    err(&place, allowed.clone(), json!({"command": "PATH=. ls"})).await;
    ok(&place, allowed, json!({"args": ["ls"]})).await;
    assert!(!place.file("ran").exists());
}

#[tokio::test]
async fn blocked_commands_do_not_run() {
    let place = Place::new();
    let blocked = json!({"blocked_commands": ["touch"], "allowed_commands": null});
    ok(&place, blocked.clone(), json!({"command": "mkdir made && ls"})).await;
    for arguments in [
        json!({"command": "ls && touch ran"}),
        json!({"command": "/usr/bin/touch ran"}),
        json!({"command": "env touch ran"}),
        json!({"command": "$(echo touch) ran"}),
        json!({"args": ["env", "touch", "ran"]}),
    ] {
        err(&place, blocked.clone(), arguments).await;
    }
    assert!(!place.file("ran").exists());
}

#[tokio::test]
async fn the_working_directory_is_in_the_workspace() {
    let place = Place::new();
    let here = place.workspace().files().display().to_string();
    for (directory, expected) in
        [("sub/deep", "/sub/deep"), ("/srv", "/srv"), ("/workspace", ""), ("/workspace/a", "/a")]
    {
        let out =
            ok(&place, json!({"working_directory": directory}), json!({"args": ["pwd"]})).await;
        assert_eq!(out.trim_end_matches('/'), format!("{here}{expected}"));
    }
    std::os::unix::fs::symlink("/", place.file("link")).unwrap();
    for directory in ["..", "a/../..", "link", "link/etc"] {
        let text =
            err(&place, json!({"working_directory": directory}), json!({"args": ["pwd"]})).await;
        assert!(text.contains("outside"), "{text}");
    }
}

#[tokio::test]
async fn the_shell_can_be_chosen() {
    let place = Place::new();
    let bash = json!({"shell_binary": "/bin/bash", "shell_args": ["-e"]});
    let text =
        err(&place, bash, json!({"command": "echo ${BASH_VERSION:+bash}; false; echo unreached"}))
            .await;
    assert!(text.ends_with("stdout:\nbash\n"), "{text}");
    let fish = json!({"shell_binary": "/usr/bin/fish", "allowed_commands": ["ls"]});
    assert!(err(&place, fish, json!({"command": "ls"})).await.contains("use `args`"));
}

#[tokio::test]
async fn the_first_of_two_skills_decides() {
    let place = Place::new();
    let skills =
        vec![skill("shell", json!({"allowed_commands": ["ls"]})), skill("shell", json!({}))];
    assert!(place.call_with(skills, TOOL, json!({"args": ["id"]})).await.is_error);
}
