//! What drives runs, and whether it can be reached.

use serde_json::json;

use crate::harness::Plane;

#[plane_test(stores)]
async fn a_plane_without_temporal_says_so() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let reply = org.get("/api/v1/temporal-workflows/health").await;
    let at = reply.text("timestamp");
    assert!(at.parse::<jiff::Timestamp>().is_ok(), "{reply}");
    let expected = json!({
        "status": "healthy", "engine": "embedded", "temporal": "not configured", "timestamp": at,
    });
    assert_eq!((reply.status, reply.body), (200, expected));
}

#[plane_test]
async fn it_agrees_with_what_the_plane_says_of_its_readiness() {
    let org = Plane::shared().organization().await;
    let reply = org.get("/api/v1/temporal-workflows/health").await.body;
    let ready = org.get("/api/ready").await.body;
    match ready.get("temporal") {
        Some(temporal) => {
            assert_eq!((&reply["engine"], &reply["temporal"]), (&json!("temporal"), temporal))
        }
        None => assert_eq!(reply["engine"], "embedded"),
    }
}
