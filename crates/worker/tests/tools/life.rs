//! That nothing runs before its time, and nothing after.

use std::process::Command;
use std::time::Duration;

use drover_domain::activities::ProcessRecord;
use drover_worker::sandbox::{CommandSpec, Ended, Sandbox, is_running, kill_survivor};
use tempfile::TempDir;

use crate::place::{Held, Pids, Place, Records, call, config, fresh, sh, skill};

/// Four ways to live on: in the background, deaf, in a session of its own, and there without any
/// of the environment.
const FAMILY: &str = "sh -c 'echo $$ > pids; exec sleep 1000' &
sh -c 'trap \"\" TERM HUP INT; echo $$ > pids; sleep 1000' &
setsid sh -c 'echo $$ > pids; exec sleep 1000' &
setsid sh -c 'echo $$ > pids; exec env -i /bin/sleep 1000' &
";
const WAITING_FAMILY: &str = "echo $$ > pids; wait";

fn family() -> CommandSpec {
    sh(&format!("{FAMILY}{WAITING_FAMILY}"))
}

#[tokio::test]
async fn nothing_runs_before_the_go() {
    let place = Place::new();
    let waiting = place.waiting(sh("touch ran")).await;
    let supervisor = Held::new(waiting.record().group);
    assert!(is_running(waiting.record()));
    drop(waiting);
    supervisor.assert_ends();
    assert!(!place.file("ran").exists());
    place.waiting(sh("touch ran")).await.go().await.unwrap();
    assert!(place.file("ran").exists());
}

#[tokio::test]
async fn the_end_of_a_command_is_the_end_of_its_family() {
    let place = Place::new();
    let mut pids = place.pids();
    let waiting = place.waiting(sh(&format!("mkfifo go\n{FAMILY}cat go; echo done"))).await;
    let mut run = Box::pin(waiting.go());
    let family = tokio::select! {
        family = pids.take(4) => family,
        finished = &mut run => panic!("{finished:?}"),
    };
    assert!(family.iter().all(Held::is_alive));
    // `cat` ends when somebody has opened the pipe and closed it.
    tokio::fs::write(place.file("go"), "").await.unwrap();
    assert_eq!(run.await.unwrap().stdout, "done\n");
    assert!(!family.iter().any(Held::is_alive));
}

#[tokio::test]
async fn a_timeout_kills_the_whole_family() {
    let place = Place::new();
    let mut pids = place.pids();
    let mut command = family();
    command.timeout = Duration::from_secs(3);
    let run = place.waiting(command).await.go();
    let (finished, family) = tokio::join!(run, pids.take(5));
    assert_eq!(finished.unwrap().ended, Ended::TimedOut);
    assert!(!family.iter().any(Held::is_alive));
}

#[tokio::test]
async fn dropping_the_call_kills_the_whole_family() {
    let place = Place::new();
    let mut pids = place.pids();
    let mut run = Box::pin(place.waiting(family()).await.go());
    let family = tokio::select! {
        family = pids.take(5) => family,
        finished = &mut run => panic!("{finished:?}"),
    };
    assert!(family.iter().all(Held::is_alive));
    drop(run);
    family.iter().for_each(Held::assert_ends);
}

#[tokio::test]
async fn a_survivor_is_known_by_its_start_and_by_its_key() {
    let place = Place::new();
    for by_key_alone in [false, true] {
        let _ = std::fs::remove_file(place.file("pids"));
        let mut pids = place.pids();
        let command = family();
        let key = command.idempotency_key.clone();
        let waiting = place.waiting(command).await;
        let record = waiting.record();
        let mut run = Box::pin(waiting.go());
        let family = tokio::select! {
            family = pids.take(5) => family,
            finished = &mut run => panic!("{finished:?}"),
        };
        // As after a crash: nobody drops it.
        std::mem::forget(run);

        let other = ProcessRecord { started_ticks: record.started_ticks - 1, ..record };
        assert_eq!(kill_survivor(other, "another key").unwrap(), 0);
        assert_eq!(kill_survivor(other, "").unwrap(), 0);
        assert!(!is_running(other) && is_running(record));
        assert!(family.iter().all(Held::is_alive));

        // The supervisor bears the mark as well, and those without a mark descend from it.
        let known = if by_key_alone { other } else { record };
        assert!(kill_survivor(known, &key).unwrap() >= 6);
        assert!(!family.iter().any(Held::is_alive));
        assert!(!is_running(record));
        assert_eq!(kill_survivor(record, &key).unwrap(), 0);
    }
}

#[tokio::test]
async fn a_retry_kills_the_survivor_first() {
    let place = Place::new();
    let mut pids = place.pids();
    let waiting = place.waiting(sh("echo $$ > pids; exec sleep 1000")).await;
    let record = waiting.record();
    let mut run = Box::pin(waiting.go());
    let survivor = tokio::select! {
        held = pids.take(1) => held,
        finished = &mut run => panic!("{finished:?}"),
    };
    std::mem::forget(run);
    let mut retry = call(
        vec![skill("shell", serde_json::Value::Null)],
        "run_shell_command",
        serde_json::json!({"command": "echo again"}),
    );
    retry.survivor = Some(record);
    let toolbox = drover_worker::tools::Toolbox::new(place.sandbox.clone());
    let records = Records::default();
    let result = toolbox.call(&retry, place.execution, &place.key(), &records).await.unwrap();
    assert_eq!(result.output, "again");
    assert!(!survivor[0].is_alive());
    assert_eq!(records.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_death_of_the_server_kills_its_tools() {
    let folder = TempDir::new().unwrap();
    let mut pids = Pids::make(&folder.path().join("pids"));
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "life::server_that_dies", "--nocapture"])
        .current_dir(folder.path())
        .spawn()
        .unwrap();
    let family = pids.take(5).await;
    assert!(family.iter().all(Held::is_alive));
    server.kill().unwrap();
    server.wait().unwrap();
    family.iter().for_each(Held::assert_ends);
}

/// The other half of the test above, which starts it in a folder of its own. Anywhere else there is
/// nothing for it to do.
#[tokio::test]
async fn server_that_dies() {
    let folder = std::env::current_dir().unwrap();
    if !folder.join("pids").exists() {
        return;
    }
    let sandbox = Sandbox::new(config(&folder)).unwrap();
    let workspace = sandbox.prepare(fresh()).unwrap();
    std::fs::rename(folder.join("pids"), workspace.files().join("pids")).unwrap();
    let waiting = sandbox.spawn(&workspace, family()).await.unwrap();
    waiting.go().await.unwrap();
}
