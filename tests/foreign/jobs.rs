//! Runs of jobs that a worker's own schedule has begun.

use serde_json::json;

use crate::harness::{ForeignWorker, Plane, unique};

/// An id that no run has.
fn new_id() -> String {
    let hex = format!("{}{}", &unique("")[1..], &unique("")[1..]);
    format!(
        "{}-{}-4{}-8{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..15],
        &hex[15..18],
        &unique("")[1..]
    )
}

#[plane_test]
async fn a_run_is_made_with_the_id_it_has_goes_its_way_and_is_its_jobs() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let agent = org.agent("instant").await;
    let job = json!({
        "name": unique("job"), "trigger_type": "manual", "prompt_template": "go",
        "planning_mode": "predefined_agent", "entity_type": "agent", "entity_id": agent,
        "executor_type": "specific_queue", "worker_queue_name": worker.queue,
    });
    let job = org.create("/api/v1/jobs", job).await;
    let run = new_id();
    let body = json!({
        "execution_id": run, "job_id": job, "entity_type": "agent", "entity_id": agent,
        "prompt": "go", "trigger_type": "cron", "trigger_metadata": {"nominal": "noon"},
    });
    let made = org.post("/api/v1/executions/job-executions", body.clone()).await;
    let message = "Job execution records created successfully";
    let expected = json!({"execution_id": run, "status": "created", "message": message});
    assert_eq!((made.status, &made.body), (201, &expected));
    assert_eq!(worker.begins(&run).await.body["status"], "running");
    let again = org.post("/api/v1/executions/job-executions", body).await;
    assert_eq!((again.status, &again.body), (201, &expected));
    let row = org.execution(&run).await;
    assert_eq!((&row["status"], &row["trigger_source"]), (&json!("running"), &json!("job_cron")));
    worker.reports_turn(&run, 1, json!({"response_preview": "Done"})).await;
    let path = format!("/api/v1/executions/{run}/job/{job}/status");
    let end = json!({"status": "completed", "duration_ms": 1200, "error_message": null});
    let reply = org.post(&path, end.clone()).await;
    let expected = json!({"job_id": job, "execution_id": run, "status": "updated"});
    assert_eq!((reply.status, reply.body), (200, expected));
    let shown = org.get(&format!("/api/v1/jobs/{job}")).await;
    assert_eq!(
        (&shown.body["total_executions"], &shown.body["successful_executions"]),
        (&json!(1), &json!(1))
    );
    let other = org.job(&agent, "go").await;
    let path = format!("/api/v1/executions/{run}/job/{other}/status");
    assert_eq!(org.post(&path, end).await.body["status"], "not_found");
}

#[plane_test]
async fn a_run_that_broke_before_it_said_so_ends_by_its_jobs_report() {
    let org = Plane::shared().organization().await;
    let worker = ForeignWorker::start(&org).await;
    let job = json!({
        "name": unique("job"), "trigger_type": "manual", "prompt_template": "go",
        "planning_mode": "predefined_agent", "entity_type": "agent",
        "entity_id": org.agent("instant").await,
        "executor_type": "specific_queue", "worker_queue_name": worker.queue,
    });
    let job = org.create("/api/v1/jobs", job).await;
    let run = org.trigger(&job, json!({})).await;
    worker.begins(&run).await;
    let path = format!("/api/v1/executions/{run}/job/{job}/status");
    let end = json!({"status": "failed", "error_message": "child workflow failed"});
    assert_eq!(org.post(&path, end).await.body["status"], "updated");
    let ended = org.execution(&run).await;
    assert_eq!(
        (&ended["status"], &ended["error_message"]),
        (&json!("failed"), &json!("child workflow failed"))
    );
}

#[plane_test]
async fn what_is_not_there_or_not_right_is_refused() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let agent = org.agent("instant").await;
    let path = "/api/v1/executions/job-executions";
    let body = |run: &str, more: serde_json::Value| {
        let mut body = json!({
            "execution_id": run, "entity_type": "agent", "entity_id": agent, "prompt": "go",
            "trigger_type": "cron",
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body
    };
    let missing = json!({"job_id": "job_00000000-0000-4000-8000-000000000000"});
    assert_eq!(org.post(path, body(&new_id(), missing)).await.status, 404);
    for (more, field) in [
        (json!({"execution_id": "seven"}), "body.execution_id"),
        (json!({"entity_type": "team"}), "body.entity_type"),
        (json!({"entity_id": "x"}), "body.entity_id"),
        (json!({"trigger_metadata": []}), "body.trigger_metadata"),
    ] {
        let reply = org.post(path, body(&new_id(), more)).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{reply}");
    }
    // The id of another organization's run is not to be had, and nothing of it is told.
    let theirs = other.execute(&other.agent("instant").await, json!({"prompt": "mine"})).await;
    let reply = org.post(path, body(&theirs, json!({}))).await;
    assert_eq!(reply.to_string(), r#"409 {"detail":"Another execution has this id"}"#);
    assert_eq!(org.get(&format!("/api/v1/executions/{theirs}")).await.status, 404);
}
