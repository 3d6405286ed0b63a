//! API keys of an organization that has moved: as good as before, and no better.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{Exported, Place};
use crate::harness::{Plane, tokens};

/// The exported organization on a plane of its own.
fn moved(exported: &Exported) -> Plane {
    let directory = tempfile::tempdir().expect("a temporary directory");
    Place::Directory(&directory.path().join("data")).import(&exported.file());
    Plane::start_in(directory)
}

#[tokio::test]
async fn the_key_of_another_plane_is_good_for_the_organization_that_brought_it_alone() {
    let exported = Exported::make().await;
    let plane = moved(&exported);
    let org = exported.org.at(&plane);
    assert_eq!(org.get("/api/v1/auth/validate").await.text("id"), org.name);

    // What the key of the other plane can sign, with a row in the database as only a thief of both
    // could have it.
    let there = tokens::key_signed_elsewhere(&plane, &exported.plane, &org.key);
    assert_eq!(org.with_key(&there).get("/api/v1/jobs").await.status, 200);
    let other = plane.organization().await;
    let stolen = tokens::key_signed_elsewhere(&plane, &exported.plane, &other.key);
    assert_eq!(other.with_key(&stolen).get("/api/v1/jobs").await.status, 401);
}

#[tokio::test]
async fn keys_are_still_forged_in_vain_revoked_and_made() {
    let exported = Exported::make().await;
    let plane = moved(&exported);
    let org = exported.org.at(&plane);
    for (what, forged) in tokens::forged(&org.key, "default") {
        assert_eq!(org.with_key(&forged).get("/api/v1/jobs").await.status, 401, "{what}");
    }
    let fresh = org.post("/api/v1/api-keys", json!({"name": "new", "role": "owner"})).await;
    assert_eq!(fresh.status, 201, "{fresh}");
    let fresh = org.with_key(&fresh.text("api_key"));
    let old = tokens::claims(&org.key)["jti"].as_str().expect("an id").to_owned();
    assert_eq!(fresh.delete(&format!("/api/v1/api-keys/{old}")).await.status, 200);
    assert_eq!(org.get("/api/v1/jobs").await.status, 401);
    assert_eq!(fresh.get("/api/v1/jobs").await.status, 200);
}

#[tokio::test]
async fn what_is_removed_from_its_plane_is_gone_there_and_may_come_back() {
    let exported = Exported::make().await;
    let (org, directory) = (&exported.org, exported.plane.data_dir());
    let home = Place::Directory(&directory);
    let file = exported.folder.path().join("moved");
    assert_eq!(home.remove(&org.name, &file)["removed"], true);
    let mode = std::fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "hashes and secrets are in it");
    assert!(!home.has(&org.name));
    let plane = exported.plane.kill_and_restart();
    let gone = org.at(&plane);
    assert_eq!(gone.get("/api/v1/jobs").await.status, 401);
    assert_eq!(plane.seeded().get("/api/v1/jobs").await.status, 200, "others are still there");
    let mut plane = plane;
    plane.terminate();
    home.import(&file);
    let plane = plane.kill_and_restart();
    assert_eq!(org.at(&plane).get("/api/v1/jobs").await.texts("name").len(), 1);
}
