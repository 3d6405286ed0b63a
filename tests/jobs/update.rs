//! Changing a job: absent and null leave a field, a value replaces it, and what follows from it
//! follows.

use serde_json::{Value, json};

use super::{JOBS, job};
use crate::harness::Plane;

#[plane_test]
async fn a_value_replaces_and_the_rest_stays() {
    let org = Plane::shared().organization().await;
    let mut expected =
        org.post(JOBS, job(json!({"description": "Old", "config": {"a": 1, "b": 2}}))).await.body;
    let path = format!("{JOBS}/{}", expected["id"].as_str().unwrap());
    let me = org.get("/api/v1/auth/validate").await;
    expected["updated_by"] = me.body["user_id"].clone();
    expected["updated_by_email"] = me.body["user_email"].clone();
    for (field, value) in [
        ("name", json!("renamed")),
        ("description", json!("New")),
        ("system_prompt", json!("Be brief.")),
        ("worker_queue_name", json!("default")),
        ("environment_name", json!("default")),
        ("executor_type", json!("specific_queue")),
        ("config", json!({"c": 3})),
        ("cron_schedule", json!("@daily")),
        ("cron_timezone", json!("Europe/Berlin")),
    ] {
        let change = json!({ field: value, "colour": "green", "enabled": null });
        let reply = org.patch(&path, change).await;
        expected[field] = value;
        expected["updated_at"] = reply.body["updated_at"].clone();
        expected["schedule"] = expected["cron_schedule"].clone();
        expected["timezone"] = expected["cron_timezone"].clone();
        assert_eq!((reply.status, &reply.body), (200, &expected), "{field}");
    }
    assert_eq!(org.get(&path).await.body, expected);
}

#[plane_test]
async fn nothing_to_change_is_refused() {
    let org = Plane::shared().organization().await;
    let path = format!("{JOBS}/{}", org.create(JOBS, job(json!({}))).await);
    let before = org.get(&path).await.body;
    for nothing in [json!({}), json!({"name": null, "config": null}), json!({"colour": "green"})] {
        let reply = org.patch(&path, nothing.clone()).await;
        assert_eq!(reply.to_string(), r#"400 {"detail":"No fields to update"}"#, "{nothing}");
    }
    assert_eq!(org.get(&path).await.body, before);
    let nowhere = format!("{JOBS}/job_00000000-0000-4000-8000-000000000000");
    assert_eq!(org.patch(&nowhere, json!({"name": "x"})).await.status, 404);
}

#[plane_test]
async fn another_agent_brings_its_name() {
    let org = Plane::shared().organization().await;
    let agent = org.create("/api/v1/agents", json!({"name": "helper"})).await;
    let path = format!("{JOBS}/{}", org.create(JOBS, job(json!({}))).await);
    let named = org.patch(&path, json!({"entity_id": agent})).await;
    assert_eq!(named.body["entity_name"], "helper", "{named}");
    let unknown = org.patch(&path, json!({"entity_id": "nobody"})).await;
    assert_eq!(unknown.body["entity_name"], Value::Null, "not the name of somebody else");
}

#[plane_test]
async fn a_trigger_that_changes_takes_its_schedule_or_address_along() {
    let org = Plane::shared().organization().await;
    let path = format!("{JOBS}/{}", org.create(JOBS, job(json!({}))).await);
    let cron = json!({"trigger_type": "cron", "cron_schedule": "@yearly"});
    let cron = org.patch(&path, cron).await;
    assert!(cron.body["next_execution_at"].is_string(), "{cron}");
    assert!(cron.body["temporal_schedule_id"].is_string());
    let webhook = org.patch(&path, json!({"trigger_type": "webhook"})).await;
    assert!(webhook.body["webhook_url"].is_string(), "{webhook}");
    assert_eq!(webhook.body["next_execution_at"], Value::Null);
    assert_eq!(webhook.body["temporal_schedule_id"], Value::Null);
    assert_eq!(webhook.body["cron_schedule"], "@yearly", "kept for later");
    let again = org.patch(&path, json!({"trigger_type": "cron"})).await;
    assert_eq!(again.body["next_execution_at"], cron.body["next_execution_at"]);
    assert_eq!(again.body["webhook_url"], Value::Null);
}

#[plane_test]
async fn enabled_is_a_field_like_any_other() {
    // So Terraform disables a job.
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    let made = json!({"entity_id": agent, "trigger_type": "cron", "cron_schedule": "@yearly"});
    let id = org.create(JOBS, job(made)).await;
    let path = format!("{JOBS}/{id}");
    let off = org.patch(&path, json!({"enabled": false})).await;
    assert_eq!(
        (off.text("status").as_str(), &off.body["next_execution_at"]),
        ("disabled", &Value::Null)
    );
    let reply = org.post(&format!("{path}/trigger"), json!({})).await;
    assert_eq!(reply.to_string(), r#"400 {"detail":"Job is disabled"}"#);
    let on = org.patch(&path, json!({"enabled": true})).await;
    assert!(on.body["next_execution_at"].is_string(), "{on}");
    assert_eq!(org.post(&format!("{path}/trigger"), json!({})).await.status, 200);
}

#[plane_test]
async fn the_next_run_sees_the_change() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "Old").await;
    let first = org.trigger(&job, json!({})).await;
    org.patch(&format!("{JOBS}/{job}"), json!({"prompt_template": "New"})).await;
    let second = org.trigger(&job, json!({})).await;
    assert_eq!(org.execution(&first).await["prompt"], "Old");
    assert_eq!(org.execution(&second).await["prompt"], "New");
}

#[plane_test]
async fn changes_at_the_same_time_all_happen() {
    let org = Plane::shared().organization().await;
    let path = format!("{JOBS}/{}", org.create(JOBS, job(json!({}))).await);
    let change = async |body: Value| org.patch(&path, body).await.status;
    let statuses = tokio::join!(
        change(json!({"description": "d"})),
        change(json!({"system_prompt": "s"})),
        change(json!({"config": {"c": 1}})),
        change(json!({"name": "n"})),
        change(json!({"enabled": false})),
    );
    assert_eq!(statuses, (200, 200, 200, 200, 200));
    let after = org.get(&path).await;
    let texts = ["description", "system_prompt", "name", "status"].map(|field| after.text(field));
    assert_eq!(texts, ["d", "s", "n", "disabled"]);
    assert_eq!(after.body["config"], json!({"c": 1}));
}
