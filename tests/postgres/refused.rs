//! Databases that a plane does not start on: one line, exit code 1, and what to do.

use std::net::TcpListener;

use crate::harness::program::{Ended, Terminal};
use crate::harness::{Database, Plane};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];
/// The one role that the server of `cargo xtask services start` asks for its password.
const WITH_PASSWORD: &str = "drover_password";

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
    let words = ["Cannot connect to the database", "nobody", "check user and password"];
    assert_refused(&serve(&nobody), &words);
}

#[tokio::test]
async fn a_password_that_is_wrong_or_missing() {
    let database = Database::make();
    let asked = format!(
        "SELECT count(*) FROM pg_hba_file_rules \
         WHERE '{WITH_PASSWORD}' = ANY(user_name) AND auth_method = 'scram-sha-256'"
    );
    let remedy = "this server was made before: `cargo xtask services stop`, and start it again";
    assert_eq!(database.ask(&asked), "1", "{remedy}");
    // The role belongs to the whole server, and may be there from an earlier run of this test.
    database.change(&format!(
        "DO $$ BEGIN CREATE ROLE {WITH_PASSWORD} LOGIN; \
         EXCEPTION WHEN duplicate_object THEN NULL; END $$; \
         ALTER ROLE {WITH_PASSWORD} PASSWORD 's3cret'; \
         GRANT CREATE ON SCHEMA public TO {WITH_PASSWORD}"
    ));
    let url = |password: &str| {
        database.url.replacen("//drover@", &format!("//{WITH_PASSWORD}{password}@"), 1)
    };
    for password in [":not-s3cret", ""] {
        let words = ["Cannot connect to the database", "check user and password in `database_url`"];
        assert_refused(&serve(&url(password)), &words);
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let right = url(":s3cret");
    let plane = Plane::serve(directory, &[("DROVER_DATABASE_URL", right.as_str())], &[]);
    assert_eq!(plane.get("/api/ready").await.status, 200);
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
    let words = ["in use by another drover process", "stop that one", "`database_url`"];
    assert_refused(&serve(&plane.database().url), &words);
}
