//! Calls that go wrong before a tool is reached, and what a model is offered.

use drover_worker::tools::{Toolbox, ToolboxError, tool_specs};
use serde_json::{Value, json};

use crate::place::{Place, Records, call, skill};

#[tokio::test]
async fn bad_arguments_are_answered() {
    let place = Place::new();
    for (arguments, expected) in [
        (json!({"command": 1}), "expected a string"),
        (json!({"args": "ls -l"}), "expected a sequence"),
        (json!({"comand": "ls"}), "unknown field `comand`"),
        (json!({}), "Give either"),
        (json!({"command": "ls", "args": ["ls"]}), "Give either"),
        (json!({"args": []}), "empty"),
        (json!({"args": ["echo", "a\u{0}b"]}), "zero byte"),
        (json!({"args": ["echo"], "tail": -1}), "tail"),
        (json!("not json"), "not valid"),
        (json!([1]), "a JSON object is expected"),
        (json!("[1]"), "a JSON object is expected"),
        (Value::Null, "Give either"),
        (json!(7), "a JSON object is expected"),
    ] {
        let text = place.err("shell", json!({}), "run_shell_command", arguments).await;
        assert!(text.contains(expected), "{text}");
    }
    let text = r#"{"args": ["echo", "as text"]}"#;
    assert_eq!(place.ok("shell", json!({}), "run_shell_command", json!(text)).await, "as text");
}

#[tokio::test]
async fn an_unknown_tool_is_answered() {
    let place = Place::new();
    let text = place.err("shell", json!({}), "rm_rf", json!({})).await;
    assert_eq!(text, "There is no tool `rm_rf`. Available: run_shell_command.");
    let text = place.err("slack", json!({}), "send", json!({})).await;
    assert_eq!(text, "There is no tool `send`. Available: none.");
    // Of a skill the agent does not hold.
    place.err("shell", json!({}), "run_python_code", json!({"code": "1"})).await;
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_no_permission() {
    let place = Place::new();
    for (kind, configuration, tool, arguments) in [
        ("shell", json!({"allowed_commands": "ls"}), "run_shell_command", json!({"args": ["id"]})),
        ("shell", json!({"timeout": "long"}), "run_shell_command", json!({"args": ["id"]})),
        ("python", json!({"blocked_imports": "os"}), "run_python_code", json!({"code": "1"})),
        ("file_system", json!({"read_only": "yes"}), "list_files", json!({})),
        ("file_system", json!([]), "read_file", json!({"file_name": "x"})),
    ] {
        let text = place.err(kind, configuration, tool, arguments).await;
        assert!(
            text.starts_with(&format!("The configuration of the skill `{kind}` is not valid")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_process_that_is_not_recorded_does_not_run() {
    let place = Place::new();
    let toolbox = Toolbox::new(place.sandbox.clone());
    let call = call(
        vec![skill("shell", json!({}))],
        "run_shell_command",
        json!({"args": ["touch", "ran"]}),
    );
    let records = Records { refuse: true, ..Records::default() };
    let result = toolbox.call(&call, place.execution, &place.key(), &records).await;
    assert!(matches!(result, Err(ToolboxError::Record(_))));
    assert!(!place.file("ran").exists());
}

#[test]
fn each_name_is_offered_once() {
    let skills = [
        skill("file_system", json!({"enable_save_file": true})),
        skill("python", json!({})),
        skill("shell", json!({})),
        skill("shell", json!({})),
        skill("slack", json!({})),
    ];
    let names: Vec<String> = tool_specs(&skills).into_iter().map(|spec| spec.name).collect();
    assert_eq!(
        names,
        [
            "save_file",
            "read_file",
            "read_file_chunk",
            "replace_file_chunk",
            "list_files",
            "search_files",
            "search_content",
            "run_python_code",
            "save_to_file_and_run",
            "run_python_file_return_variable",
            "pip_install_package",
            "uv_pip_install_package",
            "run_shell_command",
        ]
    );
    for spec in tool_specs(&skills) {
        assert_eq!(spec.parameters["type"], "object", "{}", spec.name);
        assert!(spec.name.len() <= 64 && !spec.description.is_empty());
    }
}
