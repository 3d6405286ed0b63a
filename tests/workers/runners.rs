//! Worker queues under their older name, with how they are.

use serde_json::{Value, json};

use super::ByHand;
use crate::harness::{Organization, Plane, unique};

const RUNNERS: &str = "/api/v1/runners";

async fn health(org: &Organization, name: &str) -> Value {
    let reply = org.get(&format!("{RUNNERS}/{name}/health")).await;
    assert_eq!(reply.status, 200, "{reply}");
    reply.body
}

fn names(listed: &Value) -> Vec<&str> {
    let runners = listed["runners"].as_array().expect("a list").iter();
    runners.map(|runner| runner["name"].as_str().expect("a name")).collect()
}

#[plane_test]
async fn a_queue_with_a_worker_is_well_and_one_without_is_not() {
    let org = Plane::shared().organization().await;
    let name = unique("queue");
    let path = format!("/api/v1/environments/{}/worker-queues", org.environment_id);
    let queue = org.create(&path, json!({"name": name})).await;
    let fault = "No worker serves the queue";
    let lacking = json!({
        "status": "unhealthy",
        "checks": [
            {"name": "workflow-engine", "status": "ok"},
            {"name": "agent-manager", "status": "unhealthy", "error": fault},
            {"name": "tool-manager", "status": "unhealthy", "error": fault},
        ],
    });
    assert_eq!(health(&org, &name).await, lacking);
    assert_eq!(health(&org, &queue).await, lacking);
    let listed = org.get(RUNNERS).await.body;
    assert_eq!(listed["count"], json!(2));
    assert_eq!(
        listed["runners"][1],
        json!({
            "id": name, "name": name, "queue_id": queue, "environment_id": org.environment_id,
            "status": "unhealthy", "worker_count": 0, "health_data": lacking,
        })
    );
    let with = |component: &str| format!("{RUNNERS}?component={component}");
    let managed = org.get(&with("tool_manager")).await.body;
    assert!(!names(&managed).contains(&name.as_str()), "{managed}");
    let driven = org.get(&with("workflowEngine")).await.body;
    assert!(names(&driven).contains(&name.as_str()), "the plane is there: {driven}");
    ByHand::register(&org, &[&queue]).await;
    let well = health(&org, &name).await;
    let checks: Vec<_> = well["checks"].as_array().expect("checks").iter().collect();
    assert_eq!((&well["status"], checks.len()), (&json!("active"), 3));
    assert!(checks.iter().all(|check| check["status"] == "ok"), "{well}");
    for component in ["tool_manager", "toolManager", "tool-manager", "agentManager"] {
        let managed = org.get(&with(component)).await.body;
        assert!(names(&managed).contains(&name.as_str()), "{component}: {managed}");
    }
}

#[plane_test]
async fn a_part_that_runners_do_not_have_is_refused() {
    let org = Plane::shared().organization().await;
    let reply = org.get(&format!("{RUNNERS}?component=kettle")).await;
    assert_eq!(reply.status, 400, "{reply}");
    let detail = &reply.body["detail"];
    assert_eq!(detail["error"], "Invalid component");
    assert_eq!(detail["valid_components"].as_array().map(Vec::len), Some(9));
    assert!(detail["message"].as_str().is_some_and(|text| text.contains("kettle")), "{reply}");
    let nowhere = org.get(&format!("{RUNNERS}/nowhere/health")).await;
    assert_eq!(nowhere.to_string(), r#"404 {"detail":"Runner not found"}"#);
}
