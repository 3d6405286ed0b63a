//! Browsers from other origins (contract, auth §2.5). Keys travel in headers and never in cookies,
//! so any origin may ask.

use reqwest::Method;

use crate::harness::{Plane, Reply};

const ORIGIN: &str = "https://console.example.com";

#[plane_test(stores)]
async fn a_browser_may_ask_before_it_sends() {
    let plane = Plane::shared();
    let url = format!("{}/api/v1/jobs/job_x/trigger", plane.url);
    let request = plane.http.request(Method::OPTIONS, url).header("Origin", ORIGIN);
    let request = request
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization, content-type, prefer");
    let reply = Reply::read(request).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, Some("OK")), "no key is asked for");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    let allowed = "authorization, content-type, prefer";
    assert_eq!(reply.header("access-control-allow-headers"), allowed);
    assert_eq!(reply.header("access-control-max-age"), "600");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(reply.header("access-control-allow-methods").contains(method), "{method}");
    }
}

#[plane_test(stores)]
async fn answers_and_refusals_may_be_read_with_their_headers() {
    let plane = Plane::shared();
    for (path, status) in [("/api/health", 200), ("/api/v1/agents", 401), ("/api/nowhere", 404)] {
        let request = plane.http.get(format!("{}{path}", plane.url)).header("Origin", ORIGIN);
        let reply = Reply::read(request).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(reply.header("access-control-expose-headers"), "*", "{path}");
    }
}

#[plane_test(stores)]
async fn who_is_no_browser_gets_no_such_headers() {
    let reply = Plane::shared().get("/api/health").await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}
