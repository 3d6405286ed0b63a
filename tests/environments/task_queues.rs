//! Environments under their older name.

use serde_json::{Value, json};

use super::ENVIRONMENTS;
use crate::harness::{Plane, unique};
use crate::workers::ByHand;

const TASK_QUEUES: &str = "/api/v1/task-queues";

#[plane_test]
async fn they_are_the_same_rows() {
    let org = Plane::shared().organization().await;
    let made = org.post(TASK_QUEUES, json!({"name": "staging", "priority": 3})).await;
    assert_eq!(made.status, 201, "{made}");
    let (id, at) = (made.text("id"), made.text("created_at"));
    let user_id = org.get("/api/v1/auth/validate").await.text("user_id");
    assert_eq!(
        made.body,
        json!({
            "id": id, "organization_id": org.name, "name": "staging", "display_name": "staging",
            "description": null, "tags": [], "settings": {}, "status": "ready", "priority": null,
            "policy_ids": [], "created_at": at, "updated_at": at, "created_by": user_id,
            "worker_token": null, "provisioning_workflow_id": null, "provisioned_at": null,
            "error_message": null, "temporal_namespace_id": null,
            "active_workers": 0, "idle_workers": 0, "busy_workers": 0,
        })
    );
    assert_eq!(org.get(ENVIRONMENTS).await.texts("name"), ["default", "staging"]);
    assert_eq!(org.get(TASK_QUEUES).await.texts("name"), ["default", "staging"]);
    let filtered = org.get(&format!("{TASK_QUEUES}?status_filter=ready")).await;
    assert_eq!(filtered.texts("name").last(), Some(&"staging"));
    let path = format!("{TASK_QUEUES}/{id}");
    assert_eq!(org.get(&path).await.body, made.body);
    let changed = org.patch(&path, json!({"description": "Ours", "priority": 7})).await;
    assert_eq!((changed.status, changed.text("description").as_str()), (200, "Ours"));
    let environment = org.get(&format!("{ENVIRONMENTS}/{id}")).await;
    assert_eq!(environment.text("description"), "Ours");
    let again = org.post(TASK_QUEUES, json!({"name": "staging"})).await;
    assert_eq!(again.status, 409, "{again}");
    assert_eq!(org.delete(&path).await.status, 204);
    assert_eq!(org.get(&path).await.to_string(), r#"404 {"detail":"Environment not found"}"#);
    let default = format!("{TASK_QUEUES}/{}", org.environment_id);
    assert_eq!(org.delete(&default).await.status, 400);
}

#[plane_test]
async fn workers_of_its_queues_are_told() {
    let org = Plane::shared().organization().await;
    let id = org.create(TASK_QUEUES, json!({"name": "staging"})).await;
    let queues = format!("{ENVIRONMENTS}/{id}/worker-queues");
    let queue = org.create(&queues, json!({"name": "gpu"})).await;
    let by_name = format!("{TASK_QUEUES}/staging/workers");
    assert_eq!(org.get(&by_name).await.body, json!([]));
    let elsewhere = org.queue_without_worker().await;
    ByHand::register(&org, &[&elsewhere]).await;
    let worker = ByHand::register(&org, &[&queue]).await;
    let listed = org.get(&by_name).await.body;
    let heard = &listed[0]["last_heartbeat"];
    assert_eq!(
        listed,
        json!([{
            "id": worker.id, "worker_id": worker.id, "organization_id": org.name,
            "task_queue_name": queue, "hostname": null, "worker_metadata": {"labels": {}},
            "last_heartbeat": heard, "status": "idle", "tasks_processed": 0,
            "current_task_id": null, "registered_at": listed[0]["registered_at"],
            "updated_at": heard,
        }])
    );
    assert_eq!(org.get(&format!("{TASK_QUEUES}/{id}/workers")).await.body, listed);
    let shown = org.get(&format!("{TASK_QUEUES}/{id}")).await.body;
    let counts = [&shown["active_workers"], &shown["idle_workers"], &shown["busy_workers"]];
    assert_eq!(counts, [1, 1, 0]);
    let nowhere = org.get(&format!("{TASK_QUEUES}/nowhere/workers")).await;
    assert_eq!(nowhere.to_string(), r#"404 {"detail":"Environment not found"}"#);
}

#[plane_test]
async fn the_command_starts_a_worker_of_its_queue_and_has_no_secret() {
    let org = Plane::shared().organization().await;
    let id = org.create(TASK_QUEUES, json!({"name": "staging"})).await;
    let path = format!("{TASK_QUEUES}/{id}/worker-command");
    let without = org.get(&path).await;
    assert_eq!((without.status, &without.body["can_register"]), (200, &json!(false)));
    let queues = format!("{ENVIRONMENTS}/{id}/worker-queues");
    let queue = org.create(&queues, json!({"name": "gpu"})).await;
    let told = org.get(&path).await.body;
    assert_eq!(
        told,
        json!({
            "worker_token": "", "task_queue_name": "staging",
            "command": format!("kubiya worker start --queue-id {queue}"),
            "command_parts": {
                "binary": "kubiya", "subcommand": "worker start", "flags": {"--queue-id": queue},
            },
            "namespace_status": "ready", "can_register": true, "provisioning_workflow_id": null,
        })
    );
    org.patch(&format!("{TASK_QUEUES}/{id}"), json!({"status": "inactive"})).await;
    let inactive = org.get(&path).await.body;
    assert_eq!(inactive["can_register"], json!(false));
    assert_eq!(inactive["namespace_status"], json!("inactive"));
}

#[plane_test]
async fn a_bad_field_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let faults: [(Value, &str); 5] = [
        (json!({"name": "x"}), "body.name"),
        (json!({"priority": 0}), "body.priority"),
        (json!({"priority": 11}), "body.priority"),
        (json!({"policy_ids": [unique("policy")]}), "body.policy_ids.0"),
        (json!({"settings": []}), "body.settings"),
    ];
    let id = org.create(TASK_QUEUES, json!({"name": "staging"})).await;
    for (fields, at) in faults {
        let mut body = json!({"name": unique("queue")});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let reply = org.post(TASK_QUEUES, body).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{fields}: {reply}");
        let reply = org.patch(&format!("{TASK_QUEUES}/{id}"), fields.clone()).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{fields}: {reply}");
    }
    assert_eq!(org.get(TASK_QUEUES).await.texts("name"), ["default", "staging"]);
}
