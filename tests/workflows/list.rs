//! Listing, counting and showing workflows.

use serde_json::json;

use super::WORKFLOWS;
use crate::harness::Plane;

#[plane_test]
async fn each_run_has_one_under_its_own_id() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    let name = org.get(&format!("/api/v1/agents/{agent}")).await.text("name");
    let queue = org.queue_without_worker().await;
    let done = org.execute(&agent, json!({"prompt": "Hello"})).await;
    let finished = org.finished(&done).await;
    let ask = json!({"prompt": "Wait", "worker_queue_id": queue});
    let waiting = org.execute(&agent, ask.clone()).await;
    let stopped = org.execute(&agent, ask).await;
    assert_eq!(org.cancel(&stopped).await.status, 200);
    let listed = org.get(WORKFLOWS).await;
    assert_eq!(listed.status, 200, "{listed}");
    let of = |run: &str| format!("agent-execution-{run}");
    let shown = listed.body["workflows"].as_array().expect("a list");
    let ids: Vec<_> = shown.iter().map(|one| one["workflow_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [of(&stopped), of(&waiting), of(&done)], "newest first");
    assert_eq!(listed.body["total"], 3);
    assert_eq!(
        shown[1],
        json!({
            "workflow_id": of(&waiting), "run_id": "", "workflow_type": "AgentExecutionWorkflow",
            "task_queue": queue, "status": "RUNNING", "execution_id": waiting,
            "execution_status": "pending", "entity_id": agent,
            "entity_name": name, "start_time": null, "close_time": null,
        })
    );
    for (status, expected) in [
        ("running", vec![of(&waiting)]),
        ("COMPLETED", vec![of(&done)]),
        ("canceled", vec![of(&stopped)]),
        ("cancelled", vec![of(&stopped)]),
        ("pending", vec![of(&waiting)]),
        ("failed", vec![]),
    ] {
        let some = org.get(&format!("{WORKFLOWS}?status={status}")).await;
        let some = some.body["workflows"].as_array().expect("a list").clone();
        let ids: Vec<_> = some.iter().map(|one| one["workflow_id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{status}");
    }
    let first = org.get(&format!("{WORKFLOWS}?limit=2")).await;
    let rest = format!("{WORKFLOWS}?cursor={}", first.text("next_cursor"));
    let rest = org.get(&rest).await.body;
    assert_eq!(rest["workflows"][0]["workflow_id"], json!(of(&done)));
    assert_eq!(rest["total"], 1);
    let stats = org.get(&format!("{WORKFLOWS}/stats")).await;
    assert_eq!(
        stats.body,
        json!({
            "total": 3,
            "by_status": {"RUNNING": 1, "COMPLETED": 1, "FAILED": 0, "CANCELED": 1},
            "by_execution_status": {"pending": 1, "completed": 1, "cancelled": 1},
        })
    );
    let path = format!("{WORKFLOWS}/{}", of(&done));
    let got = org.get(&path).await.body;
    assert_eq!((&got["status"], &got["attempt"]), (&json!("COMPLETED"), &json!(1)));
    assert_eq!((&got["result"], &got["error"]), (&json!(null), &json!(null)));
    assert!(got["execution_duration_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{got}");
    let events = org.get(&format!("/api/v1/executions/{done}/events")).await;
    assert_eq!(got["history_length"], events.body["last_seq"]);
    assert_eq!(got["start_time"], finished["started_at"]);
    assert_eq!(got["close_time"], finished["completed_at"]);
    let with = org.get(&format!("{path}?include_result=true")).await.body;
    assert_eq!(with["result"], finished["response"]);
    assert_eq!(org.get(&format!("{WORKFLOWS}/{done}")).await.body, got, "the run's id will do");
}

#[plane_test]
async fn what_is_not_there_is_not_found_and_what_is_wrong_is_named() {
    let org = Plane::shared().organization().await;
    let run = org.execute(&org.agent("instant").await, json!({"prompt": "Hello"})).await;
    let nobodys = "agent-execution-00000000-0000-4000-8000-000000000000".to_owned();
    // A run of an agent is no team's.
    for id in [nobodys, format!("team-execution-{run}"), "provision-namespace-acme".to_owned()] {
        let reply = org.get(&format!("{WORKFLOWS}/{id}")).await;
        assert_eq!(reply.to_string(), r#"404 {"detail":"Workflow not found"}"#, "{id}");
    }
    for (query, at) in
        [("status=happy", "query.status"), ("limit=0", "query.limit"), ("cursor=x", "query.cursor")]
    {
        let reply = org.get(&format!("{WORKFLOWS}?{query}")).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{query}");
    }
}
