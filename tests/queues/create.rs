//! Making a queue, and showing it.

use serde_json::json;

use super::{QUEUES, of_environment};
use crate::harness::Plane;

#[plane_test]
async fn a_name_is_enough() {
    let org = Plane::shared().organization().await;
    let made = org.post(&of_environment(&org.environment_id), json!({"name": "gpu"})).await;
    assert_eq!(made.status, 201, "{made}");
    let (id, at) = (made.text("id"), made.text("created_at"));
    assert!(at.parse::<jiff::Timestamp>().is_ok(), "with a zone: {at}");
    let user_id = org.get("/api/v1/auth/validate").await.text("user_id");
    assert_eq!(
        made.body,
        json!({
            "id": id, "organization_id": org.name, "environment_id": org.environment_id,
            // Terraform wants empty texts back for what it did not send (contract, clients K3).
            "name": "gpu", "display_name": "", "description": "",
            "status": "active", "max_workers": null, "heartbeat_interval": 60, "tags": [],
            "settings": {}, "created_at": at, "updated_at": at, "created_by": user_id,
            "active_workers": 0, "task_queue_name": id,
        })
    );
    assert_eq!(org.get(&format!("{QUEUES}/{id}")).await.body, made.body);
}

#[plane_test]
async fn every_field_comes_back_as_it_was_sent() {
    let org = Plane::shared().organization().await;
    let sent = json!({
        "name": "gpu", "display_name": "GPUs", "description": "Fast", "max_workers": 3,
        "heartbeat_interval": 10, "tags": ["gpu"],
        "settings": {
            "region": "eu", "enable_local_litellm_proxy": true, "local_proxy_timeout_seconds": 60,
            "litellm_config": {"model_list": [{"model_name": "m", "litellm_params": {"a": 1}}]},
        },
    });
    let made = org.post(&of_environment(&org.environment_id), sent.clone()).await;
    assert_eq!(made.status, 201, "{made}");
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(made.body[field], *value, "{field}");
    }
}

#[plane_test]
async fn a_name_is_taken_once_in_an_environment() {
    let org = Plane::shared().organization().await;
    let path = of_environment(&org.environment_id);
    for name in ["default", "gpu"] {
        org.post(&path, json!({"name": name})).await;
        let again = org.post(&path, json!({"name": name})).await;
        let detail = format!("Worker queue with name '{name}' already exists in this environment");
        assert_eq!((again.status, again.text("detail")), (409, detail));
    }
    let other = org.create("/api/v1/environments", json!({"name": "staging"})).await;
    assert_eq!(org.post(&of_environment(&other), json!({"name": "gpu"})).await.status, 201);
}

#[plane_test]
async fn a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let path = of_environment(&org.environment_id);
    let config = |config| json!({"settings": {"litellm_config": config}});
    for (fields, at) in [
        (json!({"name": null}), "body.name"),
        (json!({"name": "x"}), "body.name"),
        (json!({"name": "x".repeat(51)}), "body.name"),
        (json!({"name": "a\0b"}), "body.name"),
        (json!({"max_workers": 0}), "body.max_workers"),
        (json!({"max_workers": 1.5}), "body.max_workers"),
        (json!({"max_workers": 4_000_000_000_u64}), "body.max_workers"),
        (json!({"heartbeat_interval": 9}), "body.heartbeat_interval"),
        (json!({"heartbeat_interval": 301}), "body.heartbeat_interval"),
        (json!({"heartbeat_interval": "60"}), "body.heartbeat_interval"),
        (json!({"tags": {}}), "body.tags"),
        (json!({"ephemeral": "yes"}), "body.ephemeral"),
        (json!({"auto_cleanup_after_seconds": 0}), "body.auto_cleanup_after_seconds"),
        (json!({"auto_cleanup_after_seconds": 604_801}), "body.auto_cleanup_after_seconds"),
        (json!({"settings": 7}), "body.settings"),
        (json!({"settings": {"enable_local_litellm_proxy": true}}), "body.settings.litellm_config"),
        (config(json!([])), "body.settings.litellm_config"),
        (config(json!({})), "body.settings.litellm_config.model_list"),
        (
            json!({"settings": {"local_proxy_timeout_seconds": 4}}),
            "body.settings.local_proxy_timeout_seconds",
        ),
        (
            json!({"settings": {"local_proxy_max_retries": 11}}),
            "body.settings.local_proxy_max_retries",
        ),
    ] {
        let mut body = json!({"name": "gpu"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let reply = org.post(&path, body).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{fields}: {reply}");
    }
    assert_eq!(org.get(&path).await.texts("name"), ["default"], "nothing is written");
}

#[plane_test]
async fn a_queue_needs_an_environment() {
    let org = Plane::shared().organization().await;
    let nowhere = of_environment("00000000-0000-4000-8000-000000000000");
    let reply = org.post(&nowhere, json!({"name": "gpu"})).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Environment not found"}"#);
    assert_eq!(org.get(&nowhere).await.status, 404);
    let reply = org.post(&of_environment("default"), json!({"name": "gpu"})).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["path.environment_id".to_owned()]));
}

#[plane_test]
async fn a_queue_that_is_not_there_is_not_found() {
    let org = Plane::shared().organization().await;
    let reply = org.get(&format!("{QUEUES}/00000000-0000-4000-8000-000000000000")).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Worker queue not found"}"#);
    let malformed = org.get(&format!("{QUEUES}/default")).await;
    assert_eq!((malformed.status, malformed.fields()), (422, vec!["path.queue_id".to_owned()]));
}
