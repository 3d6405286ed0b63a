//! Making a job, and showing it.

use serde_json::{Value, json};

use super::{JOBS, job};
use crate::harness::Plane;

#[plane_test]
async fn a_manual_job_is_shown_with_every_default_in_both_vocabularies() {
    let org = Plane::shared().organization().await;
    let agent = json!({"name": "helper", "model_id": "instant"});
    let agent = org.create("/api/v1/agents", agent).await;
    let made = org.post(JOBS, job(json!({"entity_id": agent}))).await;
    assert_eq!(made.status, 201, "{made}");
    let (id, at) = (made.text("id"), made.text("created_at"));
    assert!(uuid::Uuid::try_parse(id.strip_prefix("job_").expect("job_…")).is_ok(), "{id}");
    assert!(at.parse::<jiff::Timestamp>().is_ok(), "with a zone: {at}");
    let me = org.get("/api/v1/auth/validate").await;
    let mut expected = json!({
        "id": id, "organization_id": org.name, "name": "nightly", "description": null,
        "enabled": true, "status": "active", "trigger_type": "manual",
        "cron_schedule": null, "cron_timezone": "UTC", "temporal_schedule_id": null,
        "webhook_url": null, "webhook_secret": null,
        "planning_mode": "predefined_agent", "entity_type": "agent", "entity_id": agent,
        "entity_name": "helper", "prompt_template": "What is new?", "system_prompt": null,
        "executor_type": "auto", "worker_queue_name": null, "environment_name": null,
        "config": {}, "execution_environment": null,
    });
    let runs = json!({
        "last_execution_id": null, "last_execution_at": null, "next_execution_at": null,
        "last_triggered_at": null, "total_executions": 0, "successful_executions": 0,
        "failed_executions": 0, "execution_history": [],
        "created_by": me.body["user_id"], "created_by_email": me.body["user_email"],
        "updated_by": null, "updated_by_email": null, "created_at": at, "updated_at": at,
    });
    let older_words = json!({
        "agent_id": agent, "team_id": null, "schedule": null, "timezone": "UTC",
        "prompt": "What is new?", "webhook_path": null, "last_run_at": null, "next_run_at": null,
    });
    for more in [runs, older_words] {
        expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    assert_eq!(made.body, expected);
    assert_eq!(org.get(&format!("{JOBS}/{id}")).await.body, made.body);
}

#[plane_test]
async fn every_field_comes_back_as_it_was_sent() {
    let org = Plane::shared().organization().await;
    let sent = job(json!({
        "description": "Says what is new", "enabled": false, "trigger_type": "cron",
        "cron_schedule": "0 9 * * MON-FRI", "cron_timezone": "Europe/Berlin",
        "planning_mode": "predefined_workflow", "entity_type": "workflow", "entity_id": "workflow-123",
        "system_prompt": "Be brief.", "executor_type": "specific_queue", "worker_queue_name": "default",
        "environment_name": "default", "config": {"timeout": 5, "nested": {"a": [1]}},
        "execution_environment": {
            "env_vars": {"A": "b"}, "secrets": ["s"], "integration_ids": ["i"], "mcp_servers": {},
        },
    }));
    let made = org.post(JOBS, sent.clone()).await;
    assert_eq!(made.status, 201, "{made}");
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(made.body[field], *value, "{field}");
    }
    assert_eq!(made.text("status"), "disabled");
}

#[plane_test]
async fn every_planning_mode_and_executor_is_stored_before_what_it_names_exists() {
    let org = Plane::shared().organization().await;
    for fields in [
        json!({"planning_mode": "on_the_fly", "entity_type": null, "entity_id": null}),
        json!({"planning_mode": "predefined_team", "entity_type": "team", "entity_id": "team-1"}),
        json!({"planning_mode": "predefined_workflow", "entity_type": null}),
        json!({"planning_mode": "predefined_agent", "entity_type": null}),
        json!({"executor_type": "environment", "environment_name": "later"}),
        json!({"executor_type": "specific_queue", "worker_queue_name": "later"}),
        json!({"prompt_template": ""}),
        // Names are not unique.
        json!({}),
    ] {
        let made = org.post(JOBS, job(fields.clone())).await;
        assert_eq!(
            (made.status, &made.body["entity_name"]),
            (201, &Value::Null),
            "{fields}: {made}"
        );
        for (field, value) in fields.as_object().unwrap() {
            assert_eq!(made.body[field], *value, "{fields}");
        }
    }
}

#[plane_test]
async fn an_execution_environment_shows_its_four_parts() {
    let org = Plane::shared().organization().await;
    let made = org.post(JOBS, job(json!({"execution_environment": {}}))).await;
    let empty = json!({"env_vars": {}, "secrets": [], "integration_ids": [], "mcp_servers": {}});
    assert_eq!(made.body["execution_environment"], empty, "{made}");
}

#[plane_test]
async fn a_job_that_is_not_there_is_not_found() {
    let org = Plane::shared().organization().await;
    for id in ["job_00000000-0000-4000-8000-000000000000", "nightly", "job_x"] {
        let reply = org.get(&format!("{JOBS}/{id}")).await;
        assert_eq!(reply.to_string(), format!("404 {{\"detail\":\"Job {id} not found\"}}"));
    }
}
