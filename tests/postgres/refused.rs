//! Databases that a plane does not start on: one line, exit code 1, and what to do.

use std::net::TcpListener;

use crate::harness::program::{Ended, Terminal};
use crate::harness::{Database, Plane};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

pub fn serve(url: &str) -> Ended {
    Terminal::new().with("DROVER_DATABASE_URL", url).run(&SERVE)
}

/// It ended with one line that has these words, and did not tell the URL's password.
pub fn assert_refused(ended: &Ended, words: &[&str]) {
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{ended:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "`{word}`: {ended:?}");
    }
    assert!(!ended.stderr.contains("s3cret"), "{ended:?}");
}

#[test]
fn a_url_that_is_none() {
    for url in ["postgres://:s3cret@[:5432/x", "mysql://u:s3cret@localhost/x", "s3cret"] {
        assert_refused(&serve(url), &["postgres://user:password@host:5432/database"]);
    }
}

#[test]
fn a_server_that_is_not_there() {
    // Bound and closed again, so that nobody listens there.
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("its address").port();
    drop(free);
    let ended = serve(&format!("postgres://drover:s3cret@127.0.0.1:{port}/x"));
    assert_refused(&ended, &["Cannot connect to the database", "refused"]);
}

#[test]
fn a_database_or_user_that_is_not_there() {
    let database = Database::make();
    assert_refused(&serve(&format!("{}_not", database.url)), &["does not exist"]);
    let nobody = database.url.replacen("//drover@", "//nobody:s3cret@", 1);
    assert_refused(&serve(&nobody), &["Cannot connect to the database", "nobody"]);
}

#[test]
fn a_user_who_may_not_make_tables() {
    let database = Database::make();
    let user = crate::harness::unique("user").replace('-', "_");
    database.change(&format!("CREATE ROLE {user} LOGIN PASSWORD 's3cret'"));
    let url = database.url.replacen("//drover@", &format!("//{user}:s3cret@"), 1);
    assert_refused(&serve(&url), &["may not make tables", "GRANT"]);
}

#[test]
fn a_schema_of_a_newer_program() {
    let database = Database::make();
    let mut plane = Plane::start_on(database);
    plane.terminate();
    plane.database().change("INSERT INTO seaql_migrations VALUES ('m9999_later', 1)");
    assert_refused(&serve(&plane.database().url), &["made by a newer drover"]);
}

#[test]
fn a_database_that_another_plane_has() {
    let plane = Plane::start_on(Database::make());
    assert_refused(&serve(&plane.database().url), &["in use by another drover process"]);
}
