//! Connections to the database over TLS.

use super::refused::{assert_refused, serve};
use crate::harness::{Database, Plane};

#[tokio::test]
async fn every_connection_is_encrypted() {
    let mut database = Database::make();
    let authority = database.ask("SHOW ssl_ca_file");
    database.url += &format!("?sslmode=verify-full&sslrootcert={authority}");
    let plane = Plane::start_on(database);
    plane.organization().await;
    let count = |encrypted: bool| {
        plane.database().ask(&format!(
            "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
             WHERE datname = current_database() AND application_name = 'drover' \
             AND ssl = {encrypted}"
        ))
    };
    assert_eq!(count(false), "0");
    // The lock, a reader and a writer at least.
    assert!(count(true).parse::<u32>().expect("a number") >= 3);
}

#[test]
fn a_server_that_nobody_vouches_for_is_not_spoken_to() {
    let database = Database::make();
    let ended = serve(&format!("{}?sslmode=verify-full", database.url));
    assert_refused(&ended, &["Cannot connect to the database", "certificate"]);
    let empty = format!("{}?sslmode=verify-full&sslrootcert=/dev/null", database.url);
    assert_refused(&serve(&empty), &["sslrootcert", "/dev/null"]);
}

#[test]
fn a_mode_that_protects_from_nobody_is_refused() {
    let database = Database::make();
    for mode in ["require", "prefer", "verify-ca"] {
        let ended = serve(&format!("{}?sslmode={mode}", database.url));
        assert_refused(&ended, &["verify-full or disable", mode]);
    }
}
