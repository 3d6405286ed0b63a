//! Whether the plane lives and is ready (contract, workers §8).

use crate::harness::Plane;

#[plane_test(stores)]
async fn a_plane_says_that_it_lives() {
    let reply = Plane::shared().get("/api/health").await;
    assert_eq!(reply.status, 200, "{reply}");
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.body["status"], "healthy");
    assert_eq!(reply.body["service"], "drover");
    assert_eq!(reply.body["version"], env!("CARGO_PKG_VERSION"));
    assert!(reply.text("timestamp").parse::<jiff::Timestamp>().is_ok(), "{reply}");
}

#[plane_test(stores)]
async fn a_plane_says_that_it_is_ready() {
    let reply = Plane::shared().get("/api/ready").await;
    assert_eq!((reply.status, reply.text("status").as_str()), (200, "ready"), "{reply}");
    assert!(reply.text("timestamp").parse::<jiff::Timestamp>().is_ok(), "{reply}");
}
