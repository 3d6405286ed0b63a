//! Paths and methods that are not there (contract, auth §2.1).

use reqwest::Method;

use crate::harness::{Plane, Reply};

#[plane_test(stores)]
async fn an_unknown_route_is_not_found() {
    let plane = Plane::shared();
    for path in ["/", "/api/nowhere", "/api/v1", "/api/v1/agentz", "/api/v2/agents", "/nowhere/"] {
        let reply = plane.get(path).await;
        assert_eq!(reply.to_string(), r#"404 {"detail":"Not Found"}"#, "{path}");
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
    }
}

#[plane_test(stores)]
async fn a_method_that_a_path_does_not_have_is_named_with_those_it_has() {
    let plane = Plane::shared();
    for (method, path, allowed) in [
        (Method::DELETE, "/api/v1/agents", ["GET", "POST"]),
        (Method::PATCH, "/api/v1/jobs", ["GET", "POST"]),
        (Method::PUT, "/api/v1/worker-queues", ["GET", "GET"]),
        (Method::GET, "/api/v1/jobs/job_x/trigger", ["POST", "POST"]),
    ] {
        let request = plane.http.request(method.clone(), format!("{}{path}", plane.url));
        let reply = Reply::read(request).await;
        let what = format!("{method} {path}");
        assert_eq!(reply.to_string(), r#"405 {"detail":"Method Not Allowed"}"#, "{what}");
        let allow = reply.header("allow");
        assert!(allowed.iter().all(|one| allow.contains(one)), "{what}: {allow:?}");
        assert!(!allow.contains(method.as_str()), "{what}: {allow:?}");
    }
}

#[plane_test(stores)]
async fn a_slash_too_many_is_redirected_with_the_query() {
    let plane = Plane::shared();
    let reply = plane.get("/api/v1/agents/?limit=5&skip=1").await;
    assert_eq!((reply.status, reply.body.as_str()), (307, Some("")));
    let location = reply.header("location");
    assert!(location.ends_with("/api/v1/agents?limit=5&skip=1"), "{location}");
    let request = plane.http.post(format!("{}/api/v1/jobs/", plane.url)).body("{}");
    assert_eq!(Reply::read(request).await.status, 307, "307 lets the body be sent again");
}

#[plane_test(stores)]
async fn a_redirect_never_leads_to_another_host() {
    let plane = Plane::shared();
    for path in ["//evil.example/", "/api//evil.example/", "/api/%2f%2fevil.example/"] {
        let reply = plane.get(path).await;
        let location = reply.header("location");
        assert!(!location.starts_with("//") && !location.contains("http://evil"), "{location}");
    }
}
