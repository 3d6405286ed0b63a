//! Who may come to a database that replicas share, and who may not.

use crate::harness::program::Terminal;
use crate::harness::{Database, Plane, Replicas, hex_key};
use crate::postgres::refused::assert_refused;

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

#[tokio::test]
async fn a_plane_with_other_keys_is_refused() {
    let replicas = Replicas::start(1).await;
    let url = &replicas.database().url;
    let other = Terminal::new().with("DROVER_DATABASE_URL", url);
    let other = other.with("DROVER_SIGNING_KEY", &hex_key());
    assert_refused(&other.run(&SERVE), &["another signing key", "set `signing_key` to theirs"]);
    let own = Terminal::new().with("DROVER_DATABASE_URL", url);
    assert_refused(&own.run(&SERVE), &["in use by another drover process"]);
    assert!(!replicas.database().ask("SELECT fingerprint FROM replica_keys").is_empty());
}

#[tokio::test]
async fn a_plane_with_keys_of_its_own_shares_with_nobody() {
    let plane = Plane::start_on(Database::make());
    let replica = Terminal::new().with("DROVER_DATABASE_URL", &plane.database().url);
    let replica = replica.with("DROVER_SIGNING_KEY", &hex_key());
    assert_refused(&replica.run(&SERVE), &["keys of its own", "start it with `signing_key`"]);
}

#[tokio::test]
async fn a_plane_with_keys_of_its_own_does_not_come_after_replicas() {
    let mut replicas = Replicas::start(1).await;
    replicas.planes[0].terminate();
    let own = Terminal::new().with("DROVER_DATABASE_URL", &replicas.database().url);
    assert_refused(&own.run(&SERVE), &["another signing key"]);
    replicas.start_again(0);
    assert_eq!(replicas.planes[0].get("/api/ready").await.status, 200);
}

#[tokio::test]
async fn replicas_with_the_key_of_a_plane_that_was_alone_take_its_api_keys() {
    let mut plane = Plane::start_on(Database::make());
    let org = plane.organization().await;
    plane.terminate();
    let key = plane.data_dir().join("signing.key");
    let variables = [
        ("DROVER_DATABASE_URL", plane.database().url.as_str()),
        ("DROVER_SIGNING_KEY_FILE", key.to_str().expect("a path in UTF-8")),
    ];
    let replica = Plane::serve(tempfile::tempdir().expect("a directory"), &variables, &[]);
    assert_eq!(org.at(&replica).get("/api/v1/agents").await.status, 200);
}

#[test]
fn a_key_that_is_none_is_named_and_not_repeated() {
    let ended = Terminal::new().with("DROVER_SIGNING_KEY", "s3cret").run(&SERVE);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("`signing_key` should be 32 bytes"), "{ended:?}");
    assert!(!ended.stderr.contains("s3cret"), "{ended:?}");
    let both = Terminal::new().with("DROVER_SIGNING_KEY", &hex_key());
    let ended = both.with("DROVER_SIGNING_KEY_FILE", "key").run(&SERVE);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("both set"), "{ended:?}");
}
