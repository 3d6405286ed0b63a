//! A disk that takes no more: a limit on the size of files stands in for it, since that one needs no
//! disk of its own.

use std::process::Command;

use serde_json::json;

use crate::harness::{Organization, Plane, Reply};

#[tokio::test]
async fn writes_are_refused_reads_go_on_and_nothing_acknowledged_is_lost() {
    let plane = Plane::start_on_sqlite();
    let org = plane.organization().await;
    let agent = org.agent("nobody-asks").await;
    let queue = org.queue_without_worker().await;
    limit_files(&plane, "1048576");

    let mut accepted = Vec::new();
    let refused = loop {
        let reply = ask(&org, &agent, &queue).await;
        match reply.status {
            200 | 201 => accepted.push(reply.text("execution_id")),
            _ => break reply,
        }
        assert!(accepted.len() < 100, "the limit does not hold");
    };
    assert_eq!(refused.status, 503, "{refused}");
    assert_eq!(refused.text("detail"), "The disk refuses writes; free space and try again");
    let again = ask(&org, &agent, &queue).await;
    assert_eq!(again.status, 503, "{again}");
    assert_eq!(listed(&org).await, accepted);
    assert_eq!(org.execution(&accepted[0]).await["status"], "pending");

    limit_files(&plane, "unlimited");
    let reply = ask(&org, &agent, &queue).await;
    assert!(reply.status < 300, "{reply}");
    accepted.push(reply.text("execution_id"));
    assert_eq!(listed(&org).await, accepted);

    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    assert_eq!(listed(&org).await, accepted);
    for id in &accepted {
        assert_eq!(org.log(id).await.len(), 1);
    }
}

async fn ask(org: &Organization, agent: &str, queue: &str) -> Reply {
    let prompt = "x".repeat(200 * 1024);
    let body = json!({"prompt": prompt, "worker_queue_id": queue});
    org.post(&format!("/api/v1/agents/{agent}/execute"), body).await
}

/// The runs there are, oldest first.
async fn listed(org: &Organization) -> Vec<String> {
    let reply = org.get("/api/v1/executions?limit=200").await;
    assert_eq!(reply.status, 200, "{reply}");
    let runs = reply.body.as_array().expect("a list");
    runs.iter().rev().map(|run| run["id"].as_str().expect("an id").to_owned()).collect()
}

fn limit_files(plane: &Plane, soft: &str) {
    let pid = plane.pid().to_string();
    let fsize = format!("--fsize={soft}:unlimited");
    let status = Command::new("prlimit").args(["--pid", &pid, &fsize]).status();
    assert!(status.expect("run prlimit").success(), "prlimit {fsize}");
}
