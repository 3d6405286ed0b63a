//! Deleting a job.

use serde_json::{Value, json};

use super::JOBS;
use crate::harness::Plane;

#[plane_test]
async fn a_deleted_job_is_gone_and_its_runs_stay() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "Hello").await;
    let run = org.trigger(&job, json!({})).await;
    org.finished(&run).await;
    let path = format!("{JOBS}/{job}");
    let reply = org.delete(&path).await;
    assert_eq!((reply.status, reply.body), (204, Value::String(String::new())));
    let gone = format!("404 {{\"detail\":\"Job {job} not found\"}}");
    assert_eq!(org.get(&path).await.to_string(), gone);
    assert_eq!(org.delete(&path).await.to_string(), gone);
    // Remembered by the plane, before it went.
    assert_eq!(org.post(&format!("{path}/trigger"), json!({})).await.to_string(), gone);
    assert_eq!(org.get(&format!("{path}/executions")).await.to_string(), gone);
    assert_eq!(org.execution(&run).await["job_id"], job);
    assert_eq!(org.get(&format!("/api/v1/executions?job_id={job}")).await.texts("id"), [run]);
}
