//! The protocol between a worker and the plane, step by step.

use serde_json::json;

use super::{ByHand, workers_of};
use crate::harness::{Model, Organization, Plane};

/// A worker of a queue, and a run that waits for it.
async fn arranged() -> (Organization, ByHand, String) {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let worker = ByHand::register(&org, &[&queue]).await;
    let agent = org.agent(&Model::new([]).name).await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    (org, worker, id)
}

#[plane_test]
async fn a_poll_gives_all_that_is_needed() {
    let (org, worker, id) = arranged().await;
    let task = worker.task().await;
    assert_eq!(task["execution_id"], id.as_str());
    assert_eq!(task["organization"], org.name.as_str());
    assert_eq!(task["attempt"], 1);
    assert_eq!(task["idempotency_key"], format!("{id}-1"));
    assert_eq!(task["work"]["kind"], "model_turn");
    assert_eq!(task["work"]["messages"][0]["content"], "go");
    assert_eq!(org.execution(&id).await["status"], "running");
    let nothing = worker.post("/poll", json!({"kind": "turn"})).await;
    assert_eq!(nothing.body, json!({"tasks": []}), "it is given once");
}

#[plane_test]
async fn a_poll_takes_as_much_as_it_has_room_for() {
    let (org, worker, first) = arranged().await;
    let run = org.execution(&first).await;
    let queue = run["worker_queue_id"].as_str().expect("a queue");
    let agent = run["entity_id"].as_str().expect("an agent").to_owned();
    for _ in 0..4 {
        org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    }
    let mut given = Vec::new();
    for at_most in [2, 64] {
        let body = json!({"kind": "turn", "at_most": at_most});
        let tasks = worker.post("/poll", body).await.body["tasks"].as_array().unwrap().clone();
        assert!(tasks.len() <= at_most);
        given.extend(tasks.into_iter().map(|task| task["id"].to_string()));
    }
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 5);
}

#[plane_test]
async fn a_report_that_is_repeated_is_stored_once() {
    let (org, worker, id) = arranged().await;
    let task = worker.task().await;
    for number in [1, 1, 2, 1, 2] {
        let reply = worker.progress(&task, number, &format!("{number} ")).await;
        assert_eq!(reply.status, 200, "{reply}");
    }
    let gap = worker.progress(&task, 4, "4").await;
    assert_eq!(gap.status, 409, "{gap}");
    for _ in 0..2 {
        assert_eq!(worker.answer(&task, "3").await.status, 200);
    }
    let run = org.finished(&id).await;
    assert_eq!((&run["status"], &run["usage"]["turns"]), (&json!("completed"), &json!(1)));
    let log = org.log(&id).await;
    let chunks = log.iter().filter(|entry| entry["event_type"] == "message_chunk");
    let text: String =
        chunks.map(|entry| entry["data"]["data"]["content"].as_str().unwrap()).collect();
    assert_eq!(text, "1 2 3");
}

#[plane_test]
async fn a_report_of_somebody_elses_lease_changes_nothing() {
    let (org, worker, id) = arranged().await;
    let queue = org.execution(&id).await["worker_queue_id"].as_str().unwrap().to_owned();
    let other = ByHand::register(&org, &[&queue]).await;
    let task = worker.task().await;
    assert_eq!(other.progress(&task, 1, "mine").await.status, 409);
    // Late, for all that it knows: it is done with it.
    assert_eq!(other.answer(&task, "mine").await.status, 200);
    let mut earlier = task.clone();
    earlier["attempt"] = json!(0);
    assert_eq!(worker.progress(&earlier, 1, "old").await.status, 409);
    assert_eq!(worker.answer(&earlier, "old").await.status, 200);
    assert_eq!(worker.answer(&task, "theirs").await.status, 200);
    assert_eq!(org.finished(&id).await["response"], "theirs");
    assert_eq!(worker.progress(&task, 1, "after the end").await.status, 409);
}

#[plane_test]
async fn a_renewal_tells_what_to_stop() {
    let (org, worker, id) = arranged().await;
    let task = worker.task().await;
    let held = json!({"activities": [task["id"]], "wait_seconds": 10});
    let (renewed, ()) = tokio::join!(worker.post("/renew", held.clone()), async {
        assert_eq!(org.cancel(&id).await.status, 200);
    });
    assert_eq!(renewed.body, json!({"stop": [task["id"]]}));
    // An answer may be lost: it is told again.
    assert_eq!(worker.post("/renew", held).await.body, json!({"stop": [task["id"]]}));
    let unknown = json!({"activities": [id]});
    assert_eq!(worker.post("/renew", unknown).await.body, json!({"stop": [id]}));
}

#[plane_test]
async fn a_renewal_says_what_a_worker_does() {
    let (org, worker, id) = arranged().await;
    let task = worker.task().await;
    let held = json!({"activities": [task["id"]], "tasks_processed": 7});
    assert_eq!(worker.post("/renew", held).await.body, json!({"stop": []}));
    let queue = org.execution(&id).await["worker_queue_id"].as_str().unwrap().to_owned();
    let listed = workers_of(&org, &queue).await.remove(0);
    assert_eq!(listed["status"], "busy");
    assert_eq!(listed["tasks_processed"], 7);
    assert_eq!(listed["current_task_id"], task["id"]);
}

#[plane_test]
async fn the_contracts_sign_of_life_is_kept() {
    let (org, worker, id) = arranged().await;
    let queue = org.execution(&id).await["worker_queue_id"].as_str().unwrap().to_owned();
    let lines: Vec<_> = (0..90).map(|n| format!("line {n}")).collect();
    let full = json!({
        "status": "busy", "tasks_processed": 3, "current_task_id": "t", "logs": lines,
        "worker_metadata": {"a": 1}, "system_info": {"hostname": "h"},
    });
    for _ in 0..2 {
        assert_eq!(worker.post("/heartbeat", full.clone()).await.status, 204);
    }
    assert_eq!(worker.post("/heartbeat", json!({})).await.status, 204);
    let listed = workers_of(&org, &queue).await.remove(0);
    assert_eq!((&listed["status"], &listed["tasks_processed"]), (&json!("active"), &json!(0)));
    assert_eq!(listed["system_info"], json!({"hostname": "h"}), "left as it was");
    let logs = listed["logs"].as_array().expect("lines");
    assert_eq!((logs.len(), &logs[99]), (100, &json!("line 89")));
    for (body, at) in [
        (json!({"status": "gone"}), "body.status"),
        (json!({"tasks_processed": -1}), "body.tasks_processed"),
        (json!({"system_info": []}), "body.system_info"),
        (json!({"logs": "x"}), "body.logs"),
    ] {
        let reply = worker.post("/heartbeat", body).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{reply}");
    }
}

#[plane_test]
async fn who_leaves_gives_what_it_had_to_others() {
    let (org, worker, id) = arranged().await;
    let queue = org.execution(&id).await["worker_queue_id"].as_str().unwrap().to_owned();
    let other = ByHand::register(&org, &[&queue]).await;
    let task = worker.task().await;
    for _ in 0..2 {
        let reason = json!({"reason": "error", "exit_code": 1, "error_message": "out of memory"});
        assert_eq!(worker.post("/disconnect", reason).await.status, 204);
    }
    assert_eq!(worker.post("/poll", json!({"kind": "turn"})).await.status, 410);
    let again = other.task().await;
    assert_eq!((&again["id"], &again["attempt"]), (&task["id"], &json!(2)));
    assert_eq!(workers_of(&org, &queue).await.len(), 1);
}

#[plane_test]
async fn who_hangs_up_while_it_waits_loses_nothing() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let worker = ByHand::register(&org, &[&queue]).await;
    for _ in 0..5 {
        let poll = worker.post("/poll", json!({"kind": "turn", "wait_seconds": 30}));
        // The request is on its way, and is dropped before there is anything to answer.
        let sent = std::pin::pin!(poll);
        assert!(futures_util::FutureExt::now_or_never(sent).is_none());
    }
    let agent = org.agent(&Model::new([]).name).await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let task = worker.task().await;
    assert_eq!(worker.answer(&task, "here").await.status, 200);
    assert_eq!(org.finished(&id).await["response"], "here");
}

#[plane_test]
async fn a_bad_report_is_refused_by_name() {
    let (_, worker, _) = arranged().await;
    let task = worker.task().await;
    let of_task = format!("/activities/{}", task["id"].as_str().unwrap());
    for (path, body, at) in [
        ("/poll", json!({}), "body.kind"),
        ("/poll", json!({"kind": "sleep"}), "body.kind"),
        ("/poll", json!({"kind": "turn", "at_most": 0}), "body.at_most"),
        ("/poll", json!({"kind": "turn", "at_most": 65}), "body.at_most"),
        ("/poll", json!({"kind": "turn", "wait_seconds": 31}), "body.wait_seconds"),
        ("/renew", json!({"activities": ["x"]}), "body.activities.0"),
        ("/renew", json!({"wait_seconds": 11}), "body.wait_seconds"),
        ("/progress", json!({"attempt": 1, "number": 0, "progress": []}), "body.number"),
        ("/progress", json!({"attempt": 1, "number": 1}), "body.progress"),
        ("/complete", json!({"attempt": 1}), "body.outcome"),
        ("/complete", json!({"attempt": 1, "outcome": {"result": "won"}}), "body.outcome.result"),
    ] {
        let is_report = path == "/progress" || path == "/complete";
        let full = if is_report { format!("{of_task}{path}") } else { path.to_owned() };
        let reply = worker.post(&full, body.clone()).await;
        let fields = (reply.status, reply.fields());
        assert_eq!(fields, (422, vec![at.to_owned()]), "{path} {body}: {reply}");
    }
}
