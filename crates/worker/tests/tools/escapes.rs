//! Paths that try to leave the workspace, and files that are none.

use std::fs;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};

use crate::place::Place;

fn all() -> Value {
    json!({"enable_save_file": true, "enable_delete_file": true})
}
async fn ok(place: &Place, tool: &str, arguments: Value) -> String {
    place.ok("file_system", all(), tool, arguments).await
}
async fn err(place: &Place, tool: &str, arguments: Value) -> String {
    place.err("file_system", all(), tool, arguments).await
}

#[tokio::test]
async fn no_path_leads_out() {
    let place = Place::new();
    let secret = place.path("data/secret");
    symlink(&secret, place.file("link")).unwrap();
    symlink("../../../data", place.file("up")).unwrap();
    symlink("/proc/self/root", place.file("magic")).unwrap();
    symlink("loop", place.file("loop")).unwrap();
    let names = [
        "../../../data/secret",
        "/etc/passwd",
        "a/../../x",
        "link",
        "up/secret",
        "magic/etc/passwd",
        "loop",
        "..",
    ];
    for name in names {
        err(&place, "read_file", json!({"file_name": name})).await;
        err(&place, "save_file", json!({"contents": "x", "file_name": name})).await;
    }
    for name in ["up", "up/secret", "/", ".."] {
        err(&place, "list_files", json!({"directory": name})).await;
        err(&place, "search_content", json!({"query": "key", "directory": name})).await;
    }
    err(&place, "save_file", json!({"contents": "x", "file_name": "up/new/file"})).await;
    err(&place, "delete_file", json!({"file_name": "up/secret"})).await;
    // Of a link, the link itself is removed.
    ok(&place, "delete_file", json!({"file_name": "link"})).await;
    let text = ok(&place, "search_content", json!({"query": "master"})).await;
    assert!(text.contains("\"matches_found\":0"), "{text}");
    assert_eq!(fs::read_to_string(secret).unwrap(), "the master key");
    // A link that stays inside is as good as its target.
    ok(&place, "save_file", json!({"contents": "in", "file_name": "sub/f"})).await;
    symlink("sub/f", place.file("inner")).unwrap();
    assert_eq!(ok(&place, "read_file", json!({"file_name": "inner"})).await, "in");
}

#[tokio::test]
async fn only_regular_text_files_are_opened() {
    let place = Place::new();
    mknodat(CWD, place.file("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    fs::write(place.file("binary"), [0xff, 0xfe]).unwrap();
    assert!(err(&place, "read_file", json!({"file_name": "pipe"})).await.contains("regular"));
    assert!(
        err(&place, "save_file", json!({"file_name": "pipe", "contents": ""}))
            .await
            .contains("regular")
    );
    assert!(err(&place, "read_file", json!({"file_name": "binary"})).await.contains("UTF-8"));
    err(&place, "read_file", json!({"file_name": "."})).await;
    err(&place, "read_file", json!({"file_name": "a\u{0}b"})).await;
    err(&place, "read_file", json!({"file_name": "x", "encoding": "latin-1"})).await;
    ok(&place, "search_content", json!({"query": "x"})).await;
}
