//! Enabling and disabling a job.

use serde_json::{Value, json};

use super::{JOBS, job};
use crate::harness::Plane;

#[plane_test]
async fn a_job_is_disabled_and_enabled_as_often_as_one_likes() {
    let org = Plane::shared().organization().await;
    let fields = json!({"trigger_type": "cron", "cron_schedule": "@yearly"});
    let made = org.post(JOBS, job(fields)).await;
    let path = format!("{JOBS}/{}", made.text("id"));
    for _ in 0..2 {
        let off = org.post(&format!("{path}/disable"), json!({})).await;
        assert_eq!((off.status, &off.body["enabled"]), (200, &json!(false)), "{off}");
        assert_eq!(
            (off.text("status").as_str(), &off.body["next_execution_at"]),
            ("disabled", &Value::Null)
        );
    }
    for _ in 0..2 {
        let on = org.post(&format!("{path}/enable"), json!({})).await;
        assert_eq!((on.status, &on.body["enabled"]), (200, &json!(true)), "{on}");
        assert_eq!(on.text("status"), "active");
        assert_eq!(on.body["next_execution_at"], made.body["next_execution_at"]);
        assert_eq!(on.body["updated_by"], made.body["created_by"]);
    }
}

#[plane_test]
async fn a_disabled_job_is_not_triggered_and_its_runs_go_on() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let fields = json!({
        "entity_id": org.agent("instant").await, "executor_type": "specific_queue",
        "worker_queue_name": queue,
    });
    let id = org.create(JOBS, job(fields)).await;
    let run = org.trigger(&id, json!({})).await;
    org.post(&format!("{JOBS}/{id}/disable"), json!({})).await;
    let reply = org.post(&format!("{JOBS}/{id}/trigger"), json!({})).await;
    assert_eq!(reply.to_string(), r#"400 {"detail":"Job is disabled"}"#);
    assert_eq!(org.execution(&run).await["status"], "pending");
    assert_eq!(org.get(&format!("{JOBS}/{id}")).await.body["total_executions"], 1);
}

#[plane_test]
async fn a_job_that_is_not_there_is_neither() {
    let org = Plane::shared().organization().await;
    let id = "job_00000000-0000-4000-8000-000000000000";
    for verb in ["enable", "disable"] {
        let reply = org.post(&format!("{JOBS}/{id}/{verb}"), json!({})).await;
        assert_eq!(reply.to_string(), format!("404 {{\"detail\":\"Job {id} not found\"}}"));
    }
}
