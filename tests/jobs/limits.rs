//! What a job's fields cannot hold, when it is made and when it is changed.

use serde_json::{Value, json};

use super::{JOBS, job};
use crate::harness::Plane;

/// Fields that are refused in a new job as well as in a change, and where the fault is.
fn refused() -> Vec<(Value, &'static str)> {
    let deep = (1..40).fold(json!({}), |inner, _| json!({"a": inner}));
    vec![
        (json!({"name": ""}), "body.name"),
        (json!({"name": "x".repeat(256)}), "body.name"),
        (json!({"name": "a\0b"}), "body.name"),
        (json!({"name": 7}), "body.name"),
        (json!({"description": {}}), "body.description"),
        (json!({"enabled": "yes"}), "body.enabled"),
        (json!({"trigger_type": "sometimes"}), "body.trigger_type"),
        (json!({"trigger_type": "CRON"}), "body.trigger_type"),
        (json!({"planning_mode": "magic"}), "body.planning_mode"),
        (json!({"entity_type": "person"}), "body.entity_type"),
        (json!({"executor_type": "cloud"}), "body.executor_type"),
        (json!({"entity_id": "x".repeat(256)}), "body.entity_id"),
        (json!({"entity_id": ""}), "body.entity_id"),
        (json!({"prompt_template": "x".repeat(256 * 1024 + 1)}), "body.prompt_template"),
        (json!({"prompt_template": "a\0b"}), "body.prompt_template"),
        (json!({"prompt_template": ["x"]}), "body.prompt_template"),
        (json!({"system_prompt": "x".repeat(256 * 1024 + 1)}), "body.system_prompt"),
        (json!({"trigger_type": "cron"}), "body.cron_schedule"),
        (json!({"cron_schedule": "every day"}), "body.cron_schedule"),
        (json!({"cron_schedule": "0 0 31 2 *"}), "body.cron_schedule"),
        (json!({"cron_schedule": "* * * *"}), "body.cron_schedule"),
        (json!({"cron_schedule": "60 * * * *"}), "body.cron_schedule"),
        (json!({"cron_schedule": "@reboot"}), "body.cron_schedule"),
        (json!({"cron_schedule": ""}), "body.cron_schedule"),
        (json!({"cron_timezone": "Mars/Olympus"}), "body.cron_timezone"),
        (json!({"cron_timezone": "../etc/passwd"}), "body.cron_timezone"),
        (json!({"executor_type": "specific_queue"}), "body.worker_queue_name"),
        (json!({"executor_type": "environment"}), "body.environment_name"),
        (json!({"config": []}), "body.config"),
        (json!({"config": "x"}), "body.config"),
        (json!({"config": deep}), "body.config"),
        (json!({"config": {"a": "x".repeat(64 * 1024)}}), "body.config"),
        (json!({"execution_environment": []}), "body.execution_environment"),
        (
            json!({"execution_environment": {"env_vars": {"A": 1}}}),
            "body.execution_environment.env_vars",
        ),
        (json!({"execution_environment": {"secrets": "x"}}), "body.execution_environment.secrets"),
        (
            json!({"execution_environment": {"mcp_servers": {"a": 1}}}),
            "body.execution_environment.mcp_servers",
        ),
    ]
}

#[plane_test]
async fn a_new_job_with_a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let more = [
        (json!({"name": null}), "body.name"),
        (json!({"prompt_template": null}), "body.prompt_template"),
        (json!({"entity_id": null}), "body.entity_id"),
        (json!({"planning_mode": "predefined_team", "entity_id": null}), "body.entity_id"),
    ];
    for (fields, at) in refused().into_iter().chain(more) {
        let reply = org.post(JOBS, job(fields.clone())).await;
        let shown: String = fields.to_string().chars().take(100).collect();
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{shown}: {reply}");
    }
    assert_eq!(org.get(JOBS).await.body, json!([]), "nothing is written");
}

#[plane_test]
async fn a_change_to_a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let path = format!("{JOBS}/{}", org.create(JOBS, job(json!({}))).await);
    let before = org.get(&path).await.body;
    for (fields, at) in refused() {
        let reply = org.patch(&path, fields.clone()).await;
        let shown: String = fields.to_string().chars().take(100).collect();
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{shown}: {reply}");
    }
    assert_eq!(org.get(&path).await.body, before, "nothing is written");
}

#[plane_test]
async fn all_faults_are_told_at_once() {
    let org = Plane::shared().organization().await;
    let body = json!({"name": "", "trigger_type": "x", "cron_schedule": "y", "cron_timezone": "z"});
    let mut fields = org.post(JOBS, body).await.fields();
    fields.sort_unstable();
    let expected = [
        "body.cron_schedule",
        "body.cron_timezone",
        "body.entity_id",
        "body.name",
        "body.prompt_template",
        "body.trigger_type",
    ];
    assert_eq!(fields, expected);
}
