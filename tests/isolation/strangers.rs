//! As the owner of another organization, with ids of things that exist.

use super::exceptions::STRANGER;
use super::walk::{keyed, send};
use super::world::World;
use crate::harness::Plane;

#[plane_test]
async fn what_another_organization_has_is_not_there() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let world = World::create(&acme).await;
    let before = world.snapshot().await;
    for operation in keyed().into_iter().filter(|operation| operation.path.contains('{')) {
        let request = world.request(&operation).bearer_auth(&umbrella.key);
        let reply = send(&operation, request).await;
        let exception = STRANGER.iter().find(|one| one.operation == operation.id);
        let expected = exception.map_or(404, |exception| exception.status);
        let reason = exception.map_or("no exception", |exception| exception.reason);
        assert_eq!(reply.status, expected, "{} ({reason}): {reply}", operation.id);
        if expected == 404 {
            assert!(reply.body["detail"].is_string(), "{}: {reply}", operation.id);
            assert_ne!(reply.body["detail"], "Not Found", "{} has no route", operation.id);
        }
    }
    assert_eq!(world.snapshot().await, before, "a stranger has changed nothing");
}

#[plane_test]
async fn an_id_that_nobody_has_gets_the_same_answer_as_anothers() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let world = World::create(&acme).await;
    let nowhere = "00000000-0000-4000-8000-000000000000";
    for operation in keyed().into_iter().filter(|operation| operation.path.contains('{')) {
        let theirs = world.request(&operation).bearer_auth(&umbrella.key).build();
        let mut nobodys = theirs.expect("a request");
        let url = nobodys.url().to_string();
        let ids = world.marks().into_iter().filter(|mark| mark.contains('-') && mark.len() >= 36);
        let uuids = ids.map(|id| id.strip_prefix("job_").unwrap_or(id).to_owned());
        let url_nowhere = uuids.clone().fold(url, |url, id| url.replace(&id, nowhere));
        *nobodys.url_mut() = url_nowhere.parse().expect("a URL");
        let theirs = send(&operation, world.request(&operation).bearer_auth(&umbrella.key)).await;
        let request = reqwest::RequestBuilder::from_parts(umbrella.http.clone(), nobodys);
        let nobodys = send(&operation, request).await;
        let blind = uuids.fold(theirs.to_string(), |text, id| text.replace(&id, nowhere));
        assert_eq!(nobodys.to_string(), blind, "{}", operation.id);
    }
}

#[plane_test]
async fn lists_show_nothing_of_another_organization() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let theirs = World::create(&acme).await;
    let own = World::create(&umbrella).await;
    for operation in keyed().into_iter().filter(|operation| !operation.path.contains('{')) {
        let reply = send(&operation, own.request(&operation).bearer_auth(&umbrella.key)).await;
        assert_eq!(reply.status, operation.success, "{}: {reply}", operation.id);
        let (told, headers) = (reply.to_string(), format!("{:?}", reply.headers));
        for mark in theirs.marks() {
            assert!(!told.contains(mark), "{} tells of `{mark}`", operation.id);
            assert!(!headers.contains(mark), "{} tells of `{mark}`", operation.id);
        }
        if reply.body.is_array() {
            // So the test above is not passed by lists that show nothing at all.
            let is_shown = own.marks().iter().any(|mark| told.contains(mark));
            assert!(is_shown, "{} shows what is there: {reply}", operation.id);
        }
    }
}

#[tokio::test]
async fn every_exception_is_of_an_operation_that_there_is() {
    let ids: Vec<_> = keyed().into_iter().map(|operation| operation.id).collect();
    for exception in &STRANGER {
        assert!(ids.contains(&exception.operation), "{}", exception.operation);
        assert_ne!(exception.status, 404, "{} is no exception", exception.operation);
    }
}
