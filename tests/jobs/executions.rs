//! The runs of a job, and the counters that follow from them.

use model_server::{ModelServer, Reply as Said};
use serde_json::json;

use super::JOBS;
use crate::harness::{Plane, unique};

#[plane_test]
async fn runs_are_listed_newest_first_and_in_parts() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "Hello {{who}}").await;
    let path = format!("{JOBS}/{job}/executions");
    let empty = json!({"job_id": job, "total_count": 0, "total": 0, "executions": []});
    assert_eq!(org.get(&path).await.body, empty);
    let mut runs = Vec::new();
    for who in ["a", "b", "c"] {
        let run = org.trigger(&job, json!({"who": who})).await;
        org.finished(&run).await;
        runs.insert(0, run);
    }
    let list = org.get(&path).await.body;
    assert_eq!((&list["total_count"], &list["total"]), (&json!(3), &json!(3)));
    let ids = |list: &serde_json::Value| {
        let items = list["executions"].as_array().expect("a list").iter();
        items.map(|item| item["execution_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&list), runs);
    let part = org.get(&format!("{path}?limit=1&offset=1")).await.body;
    assert_eq!((ids(&part), &part["total_count"]), (vec![runs[1].clone()], &json!(3)));
    let newest = &list["executions"][0];
    assert_eq!(
        (&newest["id"], &newest["trigger_type"]),
        (&newest["execution_id"], &json!("manual"))
    );
    assert_eq!((&newest["status"], &newest["error_message"]), (&json!("completed"), &json!(null)));
    let run = org.execution(&runs[0]).await;
    for field in ["created_at", "started_at", "completed_at", "entity_name"] {
        assert_eq!(newest[field], run[field], "{field}");
        assert!(newest[field].is_string(), "{field}");
    }
    assert!(newest["duration_ms"].as_u64().is_some_and(|took| took < 60_000), "{newest}");
    let metadata = &newest["trigger_metadata"];
    assert_eq!((&metadata["job_id"], &metadata["parameters"]), (&json!(job), &json!({"who": "c"})));
    assert_eq!(metadata["user_email"], format!("owner@{}", org.name));
}

#[plane_test]
async fn parts_have_bounds() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "Hello").await;
    for (query, field) in [
        ("limit=0", "query.limit"),
        ("limit=501", "query.limit"),
        ("limit=x", "query.limit"),
        ("offset=-1", "query.offset"),
        ("offset=10001", "query.offset"),
    ] {
        let reply = org.get(&format!("{JOBS}/{job}/executions?{query}")).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{query}");
    }
    let nowhere = format!("{JOBS}/job_00000000-0000-4000-8000-000000000000/executions");
    assert_eq!(org.get(&nowhere).await.status, 404);
}

#[plane_test]
async fn counters_tell_how_the_runs_went() {
    let org = Plane::shared().organization().await;
    let model = unique("failing");
    ModelServer::shared().script(&model, vec![Said::status(400)]);
    let good = org.agent("instant").await;
    let bad = org.agent(&model).await;
    let job = org.job(&good, "Hello").await;
    let path = format!("{JOBS}/{job}");
    for _ in 0..2 {
        let run = org.trigger(&job, json!({})).await;
        assert_eq!(org.finished(&run).await["status"], "completed");
    }
    org.patch(&path, json!({"entity_id": bad})).await;
    let failed = org.trigger(&job, json!({})).await;
    assert_eq!(org.finished(&failed).await["status"], "failed");
    let counted = json!({"executor_type": "specific_queue", "worker_queue_name": org.queue_without_worker().await});
    org.patch(&path, counted).await;
    let pending = org.trigger(&job, json!({})).await;
    let shown = org.get(&path).await.body;
    let counters = ["total_executions", "successful_executions", "failed_executions"];
    assert_eq!(counters.map(|field| shown[field].as_u64().unwrap()), [4, 2, 1]);
    assert_eq!(shown["last_execution_id"], pending);
    let accepted = org.execution(&pending).await["created_at"].clone();
    for field in ["last_execution_at", "last_triggered_at", "last_run_at"] {
        assert_eq!(shown[field], accepted, "{field}");
    }
    assert_eq!(org.get(JOBS).await.body[0], shown, "the list counts alike");
    org.post(&format!("/api/v1/executions/{pending}/cancel"), json!({})).await;
    let shown = org.get(&path).await.body;
    assert_eq!(
        counters.map(|field| shown[field].as_u64().unwrap()),
        [4, 2, 1],
        "cancelled is neither"
    );
}

#[plane_test]
async fn runs_of_other_jobs_are_not_counted() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    let (job, other) = (org.job(&agent, "Hello").await, org.job(&agent, "Hello").await);
    org.trigger(&other, json!({})).await;
    org.execute(&agent, json!({"prompt": "Hello"})).await;
    assert_eq!(org.get(&format!("{JOBS}/{job}")).await.body["total_executions"], 0);
    assert_eq!(org.get(&format!("{JOBS}/{job}/executions")).await.body["total"], 0);
}
