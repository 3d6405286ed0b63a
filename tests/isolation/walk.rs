//! Walking the operations.

use drover_domain::identity::Action;
use drover_wire::{Access, Described};
use reqwest::RequestBuilder;
use serde_json::Value;

use super::exceptions::{LEASE, OPERATOR, PUBLIC};
use super::world::World;
use crate::harness::{Plane, Reply};

/// Sends a request of the walk. Whatever is asked, the answer has a request id.
pub async fn send(operation: &Described, request: RequestBuilder) -> Reply {
    let reply = Reply::read(request).await;
    assert!(!reply.header("x-request-id").is_empty(), "{}: {reply}", operation.id);
    reply
}

/// The operations that ask for a key of an organization.
pub fn keyed() -> Vec<Described> {
    let keyed = |operation: &Described| matches!(operation.access, Access::May(_));
    drover_wire::operations().into_iter().filter(keyed).collect()
}

/// Fails unless the answer is the contract's 401 (contract, auth §2.2).
pub fn assert_unauthorized(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 401, "{what}: {reply}");
    let detail = reply.body["detail"].as_object().unwrap_or_else(|| panic!("{what}: {reply}"));
    let keys: Vec<_> = detail.keys().map(String::as_str).collect();
    assert_eq!(keys, ["error", "hint", "message"], "{what}");
    assert_eq!(detail["error"], "Unauthorized", "{what}");
    let said = |key: &str| detail[key].as_str().is_some_and(|text| !text.is_empty());
    assert!(said("hint") && said("message"), "{what}: {reply}");
    assert_eq!(reply.header("www-authenticate"), "", "{what}");
}

#[test]
fn only_the_listed_operations_ask_for_no_key_of_an_organization() {
    let with = |access: Access| {
        let operations = drover_wire::operations().into_iter();
        let ids = operations.filter(|operation| operation.access == access).map(|one| one.id);
        ids.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(with(Access::Public), PUBLIC.map(|(id, _)| id).into());
    assert_eq!(with(Access::Lease), LEASE.map(|(id, _)| id).into());
    assert_eq!(with(Access::Operator), OPERATOR.map(|(id, _)| id).into());
}

#[plane_test]
async fn every_operation_answers_the_owner_with_its_own_status() {
    let owner = Plane::shared().organization().await;
    let shared = World::create(&owner).await;
    for operation in keyed() {
        let made;
        let world = match operation.access {
            Access::May(Action::Read) => &shared,
            // What it does must not be in the way of the next.
            _ => {
                made = World::create(&owner).await;
                &made
            }
        };
        let request = world.request(&operation).bearer_auth(&owner.key);
        let reply = send(&operation, request).await;
        assert_eq!(reply.status, operation.success, "{}: {reply}", operation.id);
        if operation.success == 204 {
            assert_eq!(reply.body, Value::String(String::new()), "{}", operation.id);
        }
    }
}
