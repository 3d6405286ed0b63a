//! `drover dev` and `drover serve`: starting, and what is in the way of it.

use serde_json::json;

use crate::harness::Plane;
use crate::harness::program::{Terminal, interrupt};

#[plane_test(stores)]
async fn dev_announces_what_is_in_it_and_it_works() {
    let plane = Plane::start();
    let fields: Vec<_> = plane.announced.as_object().expect("an object").keys().collect();
    let expected = [
        "agent_id",
        "api_key",
        "environment_id",
        "job_id",
        "organization_id",
        "url",
        "worker_queue_id",
    ];
    assert_eq!(fields, expected);
    let org = plane.seeded();
    let job = plane.announced["job_id"].as_str().expect("a job");
    let shown = org.get(&format!("/api/v1/jobs/{job}")).await;
    assert_eq!(shown.body["agent_id"], plane.announced["agent_id"]);
    let run = org.trigger(job, json!({"name": "you"})).await;
    assert_eq!(org.finished(&run).await["status"], "completed");
}

#[plane_test(stores)]
async fn a_later_start_announces_the_same() {
    let plane = Plane::start();
    let before = plane.announced.clone();
    let plane = plane.kill_and_restart();
    let mut after = plane.announced.clone();
    after["url"] = before["url"].clone();
    assert_eq!(after, before, "only the port is another");
    assert_eq!(plane.seeded().get("/api/v1/agents").await.texts("name"), ["assistant"]);
}

#[plane_test(stores)]
fn a_second_process_on_a_directory_ends_with_one_line() {
    let plane = Plane::start();
    let data = plane.data_dir();
    let data = data.to_str().expect("a path");
    for command in ["dev", "serve", "quickstart"] {
        let arguments = [command, "--data-dir", data, "--listen", "127.0.0.1:0"];
        let ended = Terminal::new().run(&arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{command}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{command}: {ended:?}");
        assert!(ended.stderr.contains(data), "it names the directory: {ended:?}");
    }
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    let ended = Terminal::new().run(&["dev", "--listen", &address]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&format!("`{address}` is in use")), "{ended:?}");
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let terminal = Terminal::new();
    std::fs::create_dir(terminal.path("thesis")).expect("a folder");
    std::fs::write(terminal.path("thesis/chapter.txt"), "x").expect("a file");
    let ended = terminal.run(&["dev", "--data-dir", "thesis", "--listen", "127.0.0.1:0"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("is no data directory"), "{ended:?}");
    let left = std::fs::read_dir(terminal.path("thesis")).expect("the folder").count();
    assert_eq!(left, 1, "nothing is written into it");
}

#[tokio::test]
async fn ctrl_c_ends_a_plane_in_peace() {
    let terminal = Terminal::new();
    let arguments = ["dev", "--json", "--listen", "127.0.0.1:0"];
    let child = terminal.start_until(&arguments, "\"url\"");
    interrupt(&child);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!terminal.path(".drover/plane.json").exists(), "it takes its address down");
}

#[plane_test(stores)]
fn what_lies_in_the_data_directory_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let plane = Plane::start();
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).expect("a file").permissions().mode() & 0o077
    };
    assert_eq!(mode(&plane.data_dir()), 0);
    for name in ["admin.token", "signing.key", "credentials", "plane.json"] {
        assert_eq!(mode(&plane.data_dir().join(name)), 0, "{name}");
    }
}
