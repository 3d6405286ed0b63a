//! How much a tool may use.

use std::fs;
use std::time::Duration;

use drover_worker::sandbox::{CommandSpec, Ended, SandboxError};
use futures_util::FutureExt;

use crate::place::{Place, sh};

#[tokio::test]
async fn output_is_cut_in_the_middle() {
    let place = Place::new();
    let mut command = sh("echo first; yes | head -c 3000000; echo last; echo error >&2");
    command.output_limit = 1000;
    let finished = place.waiting(command).await.go().await.unwrap();
    assert!(finished.truncated);
    assert!(finished.stdout.starts_with("first\n") && finished.stdout.ends_with("last\n"));
    assert!(finished.stdout.contains("bytes left out") && finished.stdout.len() < 1100);
    assert_eq!(finished.stderr, "error\n");
}

#[tokio::test]
async fn input_arrives_whole_and_need_not_be_read() {
    let place = Place::new();
    let text = "x".repeat(300_000);
    for (line, expected) in [("wc -c", "300000\n"), ("echo unread", "unread\n")] {
        let mut command = sh(line);
        command.stdin = Some(text.clone().into_bytes());
        assert_eq!(place.waiting(command).await.go().await.unwrap().stdout, expected);
    }
    assert_eq!(place.out("cat").await, "");
}

#[tokio::test]
async fn memory_files_and_descriptors_are_limited() {
    let place = Place::with(|config| config.limits.file_bytes = Some(1 << 20));
    place.denied("python3 -c 'bytearray(3 << 30)'").await;
    place.out("python3 -c 'bytearray(1 << 28)'").await;
    place.denied("head -c 2000000 /dev/zero > big").await;
    assert_eq!(place.out("ulimit -n; ulimit -c").await, "1024\n0\n");
}

#[tokio::test]
async fn exit_codes_are_those_of_shells() {
    let place = Place::new();
    assert_eq!(place.sh("exit 3").await.ended, Ended::Code(3));
    assert_eq!(place.sh("kill -9 $$").await.ended, Ended::Code(137));
    for (program, code) in [("no-such-program", 127), ("/etc/hosts", 126)] {
        let command = CommandSpec::new(program, Vec::new(), "key");
        let finished = place.waiting(command).await.go().await.unwrap();
        assert_eq!(finished.ended, Ended::Code(code), "{finished:?}");
        assert!(finished.stderr.contains(program));
    }
}

#[tokio::test]
async fn only_so_many_run_at_once() {
    let place = Place::with(|config| config.max_processes = 1);
    let workspace = place.workspace();
    let first = place.waiting(sh("true")).await;
    let mut second = Box::pin(place.sandbox.spawn(&workspace, sh("echo second")));
    assert!((&mut second).now_or_never().is_none());
    first.go().await.unwrap();
    assert_eq!(second.await.unwrap().go().await.unwrap().stdout, "second\n");
}

#[tokio::test]
async fn a_full_workspace_is_refused() {
    let place = Place::with(|config| config.quota_bytes = 1 << 20);
    place.out("head -c 2000000 /dev/urandom > big").await;
    let refused = place.sandbox.prepare(place.execution);
    assert!(matches!(refused, Err(SandboxError::Quota { .. })));
}

#[tokio::test]
async fn unused_workspaces_are_swept() {
    let place = Place::new();
    let folder = place.workspace().files().to_owned();
    fs::create_dir(place.path("workspaces/not-ours")).unwrap();
    // When it was prepared.
    let now = fs::metadata(folder.parent().unwrap()).unwrap().modified().unwrap();
    let hour = Duration::from_secs(3600);
    assert_eq!(place.sandbox.sweep(now - hour, &|_| false).unwrap(), 0);
    assert_eq!(place.sandbox.sweep(now + hour, &|id| id == place.execution).unwrap(), 0);
    assert!(folder.exists());
    assert_eq!(place.sandbox.sweep(now + hour, &|_| false).unwrap(), 1);
    assert!(!folder.exists() && place.path("workspaces/not-ours").exists());
}
