//! One process owns a data directory.

use std::process::{Command, Stdio};

use crate::harness::Plane;

fn second(directory: &std::path::Path, command: &str) -> std::process::Output {
    Command::new(Plane::program())
        .args([command, "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(directory)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("run a second process")
}

#[plane_test(stores)]
async fn a_second_process_says_so_in_one_line_and_ends_with_1() {
    let plane = Plane::start();
    for command in ["dev", "serve"] {
        let output = second(&plane.data_dir(), command);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains("in use by another drover process; stop that one, or"), "{told}");
        assert!(told.contains("`--data-dir`"), "{told}");
        assert!(output.stdout.is_empty());
    }
    // The first one is none the worse for it.
    let org = plane.organization().await;
    assert_eq!(org.get("/api/v1/executions").await.status, 200);
}

#[plane_test(stores)]
async fn a_directory_whose_owner_was_killed_is_free() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let plane = plane.kill_and_restart();
    assert_eq!(org.at(&plane).get("/api/v1/executions").await.status, 200);
}
