//! Metrics in the Prometheus text format.

use serde_json::json;

use crate::harness::Plane;

#[plane_test(stores)]
async fn metrics_are_open_to_this_machine_and_count_requests_and_runs() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let job = org.job(&org.agent("instant").await, "Hello").await;
    let run = org.trigger(&job, json!({})).await;
    org.finished(&run).await;
    let reply = plane.get("/metrics").await;
    assert_eq!(reply.status, 200, "{reply}");
    assert!(reply.header("content-type").starts_with("text/plain"), "{:?}", reply.headers);
    let text = reply.body.as_str().expect("a text");
    let requests = "drover_http_requests_total{operation=\"jobs.Trigger\",status=\"200\"} 1";
    assert!(text.lines().any(|line| line == requests), "{text}");
    assert!(text.lines().any(|line| line == "drover_executions_accepted_total 1"), "{text}");
    assert!(text.lines().any(|line| line == "drover_activities_under_way 0"), "{text}");
    assert!(text.contains("drover_http_request_duration_seconds_bucket{"), "{text}");
    for mark in [&org.name, &org.key, &job, &run] {
        assert!(!text.contains(mark.as_str()), "metrics tell of organizations: {mark}");
    }
}
