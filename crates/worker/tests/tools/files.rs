//! The file_system skill.

use std::fs;
use std::os::unix::fs::symlink;

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
async fn files_are_written_read_and_removed() {
    let place = Place::new();
    let saved =
        ok(&place, "save_file", json!({"contents": "a\nb\nc\n", "file_name": "d/e/f.txt"})).await;
    assert_eq!(saved, "d/e/f.txt");
    assert_eq!(ok(&place, "read_file", json!({"file_name": "./d/e/f.txt"})).await, "a\nb\nc\n");
    let lines =
        |start, end| json!({"file_name": "d/e/f.txt", "start_line": start, "end_line": end});
    assert_eq!(ok(&place, "read_file_chunk", lines(1, 2)).await, "b\nc");
    assert!(err(&place, "read_file_chunk", lines(9, 9)).await.contains("lines 0 to 3"));
    err(&place, "read_file_chunk", lines(2, 1)).await;
    let mut replace = lines(0, 1);
    replace["chunk"] = json!("new");
    ok(&place, "replace_file_chunk", replace).await;
    assert_eq!(fs::read_to_string(place.file("d/e/f.txt")).unwrap(), "new\nc\n");

    let again = json!({"contents": "x", "file_name": "d/e/f.txt", "overwrite": false});
    assert!(err(&place, "save_file", again).await.contains("already there"));
    ok(&place, "save_file", json!({"contents": "x", "file_name": "d/e/f.txt"})).await;
    assert_eq!(ok(&place, "read_file", json!({"file_name": "d/e/f.txt"})).await, "x");
    ok(&place, "delete_file", json!({"file_name": "d/e/f.txt"})).await;
    assert!(
        err(&place, "read_file", json!({"file_name": "d/e/f.txt"}))
            .await
            .contains("does not exist")
    );
}

#[tokio::test]
async fn files_are_listed_and_found() {
    let place = Place::new();
    for name in ["a.md", "b.txt", "sub/c.md", "sub/deep/d.md"] {
        ok(
            &place,
            "save_file",
            json!({"contents": format!("Text of {name}\nsecond"), "file_name": name}),
        )
        .await;
    }
    assert_eq!(ok(&place, "list_files", json!({})).await, r#"["a.md","b.txt","sub"]"#);
    assert_eq!(
        ok(&place, "list_files", json!({"directory": "sub"})).await,
        r#"["sub/c.md","sub/deep"]"#
    );
    let found = async |pattern: &str| {
        let text = ok(&place, "search_files", json!({"pattern": pattern})).await;
        serde_json::from_str::<Value>(&text).unwrap()["files"].clone()
    };
    assert_eq!(found("*.md").await, json!(["a.md"]));
    assert_eq!(found("**/*.md").await, json!(["a.md", "sub/c.md", "sub/deep/d.md"]));
    assert!(err(&place, "search_files", json!({"pattern": "a***"})).await.contains("pattern"));
    let text = ok(&place, "search_content", json!({"query": "TEXT OF", "directory": "sub"})).await;
    let matches = serde_json::from_str::<Value>(&text).unwrap()["matches"].clone();
    assert_eq!(matches[0], json!({"file": "sub/c.md", "line": 0, "text": "Text of sub/c.md"}));
    let text = ok(&place, "search_content", json!({"query": "second", "limit": 3})).await;
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["matches_found"], 3);
}

#[tokio::test]
async fn switches_switch() {
    let place = Place::new();
    fs::write(place.file("f"), "text").unwrap();
    let off = [
        (json!({}), "save_file", json!({"contents": "x", "file_name": "f"})),
        (json!({}), "delete_file", json!({"file_name": "f"})),
        (json!({"enable_read_file": false}), "read_file", json!({"file_name": "f"})),
        (json!({"enable_read_file": false}), "read_file_chunk", json!({})),
        (json!({"enable_list_files": false}), "list_files", json!({})),
        (json!({"enable_search_files": false}), "search_files", json!({"pattern": "*"})),
        (json!({"enable_search_files": false}), "search_content", json!({"query": "t"})),
    ];
    for (configuration, tool, arguments) in off {
        place.err("file_system", configuration, tool, arguments).await;
    }
    let mut read_only = all();
    read_only["read_only"] = json!(true);
    for (tool, arguments) in [
        ("save_file", json!({"contents": "x", "file_name": "f"})),
        (
            "replace_file_chunk",
            json!({"file_name": "f", "start_line": 0, "end_line": 0, "chunk": "x"}),
        ),
        ("delete_file", json!({"file_name": "f"})),
    ] {
        place.err("file_system", read_only.clone(), tool, arguments).await;
    }
    assert_eq!(fs::read_to_string(place.file("f")).unwrap(), "text");
}

#[tokio::test]
async fn the_base_directory_bounds_everything() {
    let place = Place::new();
    fs::write(place.file("outer"), "outer").unwrap();
    let based = |base: &str| json!({"enable_save_file": true, "base_dir": base});
    let save = json!({"contents": "inner", "file_name": "f"});
    place.ok("file_system", based("/sandbox"), "save_file", save).await;
    assert_eq!(fs::read_to_string(place.file("sandbox/f")).unwrap(), "inner");
    symlink("../outer", place.file("sandbox/link")).unwrap();
    for name in ["../outer", "link", "/outer"] {
        place.err("file_system", based("sandbox"), "read_file", json!({"file_name": name})).await;
    }
    let list = place.ok("file_system", based("sandbox"), "list_files", json!({})).await;
    assert_eq!(list, r#"["f","link"]"#);
    place.err("file_system", based("../other"), "list_files", json!({})).await;
    let root = json!({"base_directory": "/workspace"});
    assert_eq!(
        place.ok("file_system", root, "read_file", json!({"file_name": "outer"})).await,
        "outer"
    );
}

#[tokio::test]
async fn extensions_and_sizes_are_limited() {
    let place = Place::new();
    for name in ["a.md", "b.key", "c"] {
        fs::write(place.file(name), "text").unwrap();
    }
    symlink("b.key", place.file("b.md")).unwrap();
    let mut markdown = all();
    markdown["allowed_extensions"] = json!([".MD", "txt"]);
    let only = async |tool: &str, arguments: Value| {
        place.call("file_system", markdown.clone(), tool, arguments).await
    };
    assert!(!only("read_file", json!({"file_name": "a.md"})).await.is_error);
    for name in ["b.key", "c", "b.md"] {
        assert!(only("read_file", json!({"file_name": name})).await.is_error, "{name}");
        assert!(
            only("save_file", json!({"file_name": name, "contents": ""})).await.is_error,
            "{name}"
        );
    }
    assert!(only("delete_file", json!({"file_name": "b.key"})).await.is_error);
    assert_eq!(only("list_files", json!({})).await.output, r#"["a.md","b.md"]"#);
    assert!(!only("search_content", json!({"query": "text"})).await.output.contains("b.key"));

    let mut small = all();
    small["max_file_size"] = json!(1);
    let large = json!({"file_name": "large", "contents": "x".repeat(1_100_000)});
    place.err("file_system", small.clone(), "save_file", large.clone()).await;
    assert!(!place.file("large").exists());
    ok(&place, "save_file", large).await;
    place.err("file_system", small, "read_file", json!({"file_name": "large"})).await;
    let lines = json!({"file_name": "lines", "contents": "\n".repeat(100_001)});
    assert!(err(&place, "save_file", lines).await.contains("100000 lines"));
}
