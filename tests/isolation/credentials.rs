//! Without a key, and with one that is none.

use drover_wire::Access;
use reqwest::Method;
use serde_json::json;

use super::walk::{assert_unauthorized, keyed, send};
use super::world::World;
use crate::harness::{Plane, tokens};

#[plane_test]
async fn without_a_key_no_operation_answers() {
    let owner = Plane::shared().organization().await;
    let world = World::create(&owner).await;
    let before = world.snapshot().await;
    for operation in keyed() {
        let reply = send(&operation, world.request(&operation)).await;
        assert_unauthorized(&reply, operation.id);
    }
    assert_eq!(world.snapshot().await, before);
}

#[plane_test]
async fn without_a_key_a_bad_body_or_query_is_not_looked_at() {
    let owner = Plane::shared().organization().await;
    let world = World::create(&owner).await;
    for operation in keyed() {
        let request = world.bodiless(&operation).query(&[("limit", "many")]).body("{\"name\":");
        assert_unauthorized(&send(&operation, request).await, operation.id);
    }
}

#[plane_test]
async fn public_operations_take_anybody_and_no_notice_of_a_bad_key() {
    let owner = Plane::shared().organization().await;
    let world = World::create(&owner).await;
    let operations = drover_wire::operations().into_iter();
    for operation in operations.filter(|operation| operation.access == Access::Public) {
        let reply = send(&operation, world.request(&operation)).await;
        assert_eq!(reply.status, operation.success, "{}: {reply}", operation.id);
        let reply = send(&operation, world.request(&operation).bearer_auth("letmein")).await;
        assert_eq!(reply.status, operation.success, "{}: {reply}", operation.id);
    }
}

#[plane_test]
async fn a_key_of_an_organization_is_not_the_operators() {
    let owner = Plane::shared().organization().await;
    let world = World::create(&owner).await;
    let operations = drover_wire::operations().into_iter();
    let operators = operations.filter(|operation| {
        // What the operator reads is open to this machine, where the tests are too.
        operation.access == Access::Operator && operation.method != Method::GET
    });
    for operation in operators {
        for key in [owner.key.as_str(), "letmein", ""] {
            let reply = send(&operation, world.request(&operation).bearer_auth(key)).await;
            assert_unauthorized(&reply, operation.id);
        }
        assert_unauthorized(&send(&operation, world.request(&operation)).await, operation.id);
    }
}

#[plane_test]
async fn a_forged_key_opens_nothing() {
    let plane = Plane::shared();
    let stranger = plane.organization().await;
    for at in 0..tokens::forged(&stranger.key, &stranger.name).len() {
        // A victim for each: its worker says nothing more, and would be found lost before the end.
        let owner = plane.organization().await;
        let (what, token) = tokens::forged(&stranger.key, &owner.name).swap_remove(at);
        let world = World::create(&owner).await;
        let before = world.snapshot().await;
        for operation in keyed() {
            let reply = send(&operation, world.request(&operation).bearer_auth(&token)).await;
            assert_unauthorized(&reply, &format!("{} with a key {what}", operation.id));
        }
        assert_eq!(world.snapshot().await, before, "with a key {what}");
    }
}

#[plane_test]
async fn a_revoked_key_opens_nothing() {
    let owner = Plane::shared().organization().await;
    let world = World::create(&owner).await;
    let made = owner.post("/api/v1/api-keys", json!({"name": "lost", "role": "owner"})).await;
    let revoked = owner.with_key(&made.text("api_key"));
    let path = format!("/api/v1/api-keys/{}", made.text("id"));
    // Used before, so that the plane remembers it.
    assert_eq!(revoked.get("/api/v1/agents").await.status, 200);
    assert_eq!(revoked.delete(&path).await.status, 200, "it may revoke itself");
    let before = world.snapshot().await;
    for operation in keyed() {
        let reply = send(&operation, world.request(&operation).bearer_auth(&revoked.key)).await;
        assert_unauthorized(&reply, operation.id);
    }
    assert_eq!(world.snapshot().await, before);
}

#[tokio::test]
async fn an_expired_key_opens_nothing() {
    // A row is changed behind the plane's back.
    let plane = Plane::start_on_sqlite();
    let owner = plane.organization().await;
    let world = World::create(&owner).await;
    // Either time is enough: that in the database (in µs), and that in the token (in s).
    let expired = [
        tokens::key_that_expires(&plane, &owner.key, Some(1_000_000), None),
        tokens::key_that_expires(&plane, &owner.key, None, Some(1)),
    ];
    let lasting = tokens::key_that_expires(&plane, &owner.key, Some(i64::MAX), Some(1 << 40));
    assert_eq!(owner.with_key(&lasting).get("/api/v1/agents").await.status, 200);
    let before = world.snapshot().await;
    for key in expired {
        for operation in keyed() {
            let reply = send(&operation, world.request(&operation).bearer_auth(&key)).await;
            assert_unauthorized(&reply, operation.id);
        }
    }
    assert_eq!(world.snapshot().await, before);
}
