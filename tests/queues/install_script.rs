//! What starts a worker somewhere.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{QUEUES, until};
use crate::harness::{Organization, Plane, Reply};

async fn script(org: &Organization, queue: &str, query: &str) -> Reply {
    let reply = org.get(&format!("{QUEUES}/{queue}/install-script{query}")).await;
    assert_eq!(reply.status, 200, "{reply}");
    reply
}

fn text(reply: &Reply) -> String {
    reply.body.as_str().unwrap_or_else(|| panic!("no text: {reply}")).to_owned()
}

/// A script of this text; it sees the program and nothing of the tests' keys.
fn shell(directory: &Path, text: &str, path: &str) -> Command {
    let file = directory.join("script.sh");
    std::fs::write(&file, text).expect("write the script");
    let mut command = Command::new("/bin/sh");
    command.arg(file).current_dir(directory).env_clear().env("PATH", path).stdin(Stdio::null());
    command
}

/// Ended however the test ends.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.kill().expect("kill it");
        self.0.wait().expect("await its end");
    }
}

#[plane_test]
async fn the_local_one_starts_a_worker_that_serves_the_queue() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let reply = script(&org, &queue, "").await;
    assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
    let local = text(&reply);
    assert_eq!(text(&script(&org, &queue, "?deployment_type=local").await), local);
    let json = script(&org, &queue, "?format=json").await;
    assert_eq!(json.body, json!({"script": local}));

    let directory = tempfile::tempdir().expect("a temporary directory");
    let programs = Path::new(Plane::program()).parent().expect("a folder").display();
    let path = format!("{programs}:/usr/bin:/bin");
    let without_key = shell(directory.path(), &local, &path).output().expect("run it");
    assert!(!without_key.status.success());
    let said = String::from_utf8_lossy(&without_key.stderr).into_owned();
    assert!(said.contains("DROVER_API_KEY"), "{said}");
    let without_program = shell(directory.path(), &local, "/nowhere")
        .env("DROVER_API_KEY", &org.key)
        .output()
        .expect("run it");
    let said = String::from_utf8_lossy(&without_program.stderr).into_owned();
    assert!(said.contains("`drover`"), "{said}");

    let key = org.with_role("worker").await.key;
    let child = shell(directory.path(), &local, &path)
        .args(["--allow-unwalled-tools", "--workspaces-dir"])
        .arg(directory.path().join("workspaces"))
        .env("DROVER_API_KEY", key)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start it");
    let _ends = Ends(child);
    until(&org, &format!("{QUEUES}/{queue}"), |reply| reply.body["active_workers"] == 1).await;
    let agent = org.agent("drover/offline").await;
    let run = org.execute(&agent, json!({"prompt": "Hello", "worker_queue_id": queue})).await;
    assert_eq!(org.finished(&run).await["status"], "completed");
}

#[plane_test]
async fn the_one_for_docker_starts_the_image_with_the_key_by_its_name_alone() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let docker = text(&script(&org, &queue, "?deployment_type=docker").await);
    let directory = tempfile::tempdir().expect("a temporary directory");
    // Says what it was called with, an argument a line.
    let program = directory.path().join("docker");
    std::fs::write(&program, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").expect("write it");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    let path = format!("{}:/usr/bin:/bin", directory.path().display());
    let called = shell(directory.path(), &docker, &path)
        .env("DROVER_API_KEY", "secret-of-the-shell")
        .output()
        .expect("run it");
    assert!(called.status.success(), "{}", String::from_utf8_lossy(&called.stderr));
    let called = String::from_utf8(called.stdout).expect("UTF-8");
    assert!(!called.contains("secret-of-the-shell"), "{called}");
    let (before, command) = called.split_once("\nworker\n").expect("a command");
    assert_eq!(command, format!("--queue\n{queue}\n--url\n{}\n--plane\nhttp\n", org.url));
    assert!(before.starts_with("run\n"), "{before}");
    assert!(before.contains("\n--env\nDROVER_API_KEY\n"), "{before}");
    assert!(before.ends_with(&format!("drover:{}", env!("CARGO_PKG_VERSION"))), "{before}");
    // What the image has (Dockerfile).
    assert!(before.contains(&format!("drover-worker-{queue}:/var/lib/drover-workspaces\n")));
}

#[plane_test]
async fn manifests_name_the_secret_and_hold_none() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    for (kind, tool, pinned) in [("kubernetes", "kubectl", true), ("openshift", "oc", false)] {
        let manifest = text(&script(&org, &queue, &format!("?deployment_type={kind}")).await);
        let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
        for line in [
            "apiVersion: apps/v1",
            "kind: Deployment",
            &format!("name: drover-worker-{queue}"),
            &format!("- --queue={queue}"),
            &format!("- \"--url={}\"", org.url),
            "- --plane=http",
            "name: drover-worker",
            "key: api-key",
            "mountPath: /var/lib/drover-workspaces",
        ] {
            assert!(lines.contains(&line), "{kind}: {line}\n{manifest}");
        }
        assert_eq!(lines.contains(&"runAsUser: 10001"), pinned, "{kind}");
        assert!(manifest.contains(&format!("{tool} create secret generic drover-worker")));
        let is_left = manifest.contains('@') || manifest.contains('\t');
        assert!(!is_left && !manifest.contains(&org.key), "{manifest}");
    }
}

#[plane_test]
async fn what_there_is_no_script_for_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    for (query, at) in [
        ("deployment_type=windows", "query.deployment_type"),
        ("deployment_type=", "query.deployment_type"),
        ("format=yaml", "query.format"),
    ] {
        let reply = org.get(&format!("{QUEUES}/{queue}/install-script?{query}")).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{query}: {reply}");
    }
    let nowhere = format!("{QUEUES}/00000000-0000-4000-8000-000000000000/install-script");
    assert_eq!(org.get(&nowhere).await.to_string(), r#"404 {"detail":"Worker queue not found"}"#);
}
