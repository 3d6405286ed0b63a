//! Every operation in every role.

use drover_domain::identity::Action::{self, Administer, Read, Report, Run, Write};
use drover_wire::Access;

use super::walk::{keyed, send};
use super::world::World;
use crate::harness::Plane;

/// Walks all operations with a key of this role, which may do `allowed` and nothing else.
async fn walk(role: &str, allowed: &[Action]) {
    let owner = Plane::shared().organization().await;
    let key = owner.with_role(role).await.key;
    let forbidden = World::create(&owner).await;
    let before = forbidden.snapshot().await;
    for operation in keyed() {
        let Access::May(action) = operation.access else {
            continue;
        };
        if !allowed.contains(&action) {
            let reply = send(&operation, forbidden.request(&operation).bearer_auth(&key)).await;
            let detail = format!("A key with role `{role}` may not do this");
            assert_eq!(reply.status, 403, "{}: {reply}", operation.id);
            assert_eq!(reply.body["detail"], detail, "{}", operation.id);
        }
    }
    assert_eq!(forbidden.snapshot().await, before, "what is forbidden has not happened");
    for operation in keyed() {
        let Access::May(action) = operation.access else {
            continue;
        };
        if allowed.contains(&action) {
            let made;
            let world = match action {
                Read => &forbidden,
                // What it does must not be in the way of the next.
                _ => {
                    made = World::create(&owner).await;
                    &made
                }
            };
            let reply = send(&operation, world.request(&operation).bearer_auth(&key)).await;
            assert_eq!(reply.status, operation.success, "{}: {reply}", operation.id);
        }
    }
}

#[plane_test]
async fn an_admin_may_do_everything_in_the_organization() {
    walk("admin", &[Read, Write, Run, Report, Administer]).await;
}

#[plane_test]
async fn a_member_makes_and_runs_things_and_manages_no_keys() {
    walk("member", &[Read, Write, Run, Report]).await;
}

#[plane_test]
async fn a_viewer_reads() {
    walk("viewer", &[Read]).await;
}

#[plane_test]
async fn a_worker_reads_and_reports() {
    walk("worker", &[Read, Report]).await;
}

#[test]
fn what_changes_something_is_not_declared_as_reading() {
    for operation in keyed().into_iter().filter(|one| one.access == Access::May(Read)) {
        assert_eq!(operation.method, reqwest::Method::GET, "{}", operation.id);
    }
}
