//! How a worker of an environment is started.

use serde_json::json;

use super::ENVIRONMENTS;
use crate::harness::{Organization, Plane, Reply};

async fn command(org: &Organization, environment: &str) -> Reply {
    org.get(&format!("{ENVIRONMENTS}/{environment}/worker-command")).await
}

#[plane_test]
async fn it_serves_the_active_queues_of_the_environment() {
    let org = Plane::shared().organization().await;
    let environment = org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
    let queues = format!("{ENVIRONMENTS}/{environment}/worker-queues");
    let none = command(&org, &environment).await;
    assert_eq!((&none.body["can_register"], none.status), (&json!(false), 200), "{none}");
    let first = org.create(&queues, json!({"name": "first"})).await;
    let second = org.create(&queues, json!({"name": "second"})).await;
    let paused = org.create(&queues, json!({"name": "paused"})).await;
    org.create(&queues, json!({"name": "local-exec-1"})).await;
    let path = format!("/api/v1/worker-queues/{paused}");
    assert_eq!(org.patch(&path, json!({"status": "paused"})).await.status, 200);
    let told = command(&org, &environment).await;
    assert_eq!(
        told.body,
        json!({
            "worker_token": "", "environment_name": "staging",
            "command": format!("drover worker --queue {first} --queue {second}"),
            "command_parts": {
                "binary": "drover", "subcommand": "worker", "flags": {"--queue": [first, second]},
            },
            "namespace_status": "ready", "can_register": true, "provisioning_workflow_id": null,
        })
    );
    let nowhere = command(&org, "00000000-0000-4000-8000-000000000000").await;
    assert_eq!(nowhere.to_string(), r#"404 {"detail":"Environment not found"}"#);
}
