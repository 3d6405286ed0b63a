//! The id of a request (contract, auth §2.4).

use crate::harness::{Plane, Reply};

async fn asked_with(id: &[u8]) -> String {
    let plane = Plane::shared();
    let id = reqwest::header::HeaderValue::from_bytes(id).expect("a header's value");
    let request = plane.http.get(format!("{}/api/health", plane.url)).header("X-Request-Id", id);
    Reply::read(request).await.header("x-request-id").to_owned()
}

#[plane_test(stores)]
async fn the_callers_id_comes_back() {
    for id in ["a", "build-42_try-3", "Z9", &"x".repeat(128)] {
        assert_eq!(asked_with(id.as_bytes()).await, id);
    }
}

#[plane_test(stores)]
async fn an_id_of_another_form_is_replaced() {
    let long = "x".repeat(129);
    for id in ["", "a b", "a/b", "é", "a\"b", "<script>", &long] {
        let given = asked_with(id.as_bytes()).await;
        assert!(uuid::Uuid::try_parse(&given).is_ok(), "{id:?} became {given:?}");
    }
    assert!(uuid::Uuid::try_parse(&asked_with(b"\xff\xfe").await).is_ok());
}

#[plane_test(stores)]
async fn every_request_has_an_id_of_its_own() {
    let plane = Plane::shared();
    let mut ids = Vec::new();
    for path in ["/api/health", "/api/health", "/api/nowhere", "/api/v1/agents", "/api/v1/agents/"]
    {
        let id = plane.get(path).await.header("x-request-id").to_owned();
        assert!(uuid::Uuid::try_parse(&id).is_ok(), "{path}: {id:?}");
        assert!(!ids.contains(&id), "{path}");
        ids.push(id);
    }
}
