//! A database of Postgres for a plane.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use super::{TestPlane, unique};

/// Where the server is: set by `cargo xtask test`, or by hand as `cargo xtask services start` says.
const SERVER: &str = "DROVER_TEST_DATABASE_URL";

/// A database that is dropped with its plane.
pub struct Database {
    /// Where it is.
    pub url: String,
    server: String,
    name: String,
}

/// What nobody else can lock, until this is dropped.
pub struct Held {
    session: Child,
}

impl Database {
    /// A fresh one; none where the test runs on SQLite.
    pub fn of_test() -> Option<Self> {
        (TestPlane::current() == TestPlane::Scale).then(Self::make)
    }

    /// A fresh one.
    #[expect(clippy::disallowed_methods, reason = "it is how the tests are told")]
    pub fn make() -> Self {
        let server = std::env::var(SERVER).expect("a server; see `cargo xtask services start`");
        let name = unique("test").replace('-', "_");
        let (address, _) = server.rsplit_once('/').expect("a URL with a database");
        let database = Self { url: format!("{address}/{name}"), server, name };
        database.tell(&format!("CREATE DATABASE {}", database.name));
        database
    }

    /// Runs a statement as the server's owner, in this database.
    pub fn change(&self, statement: &str) {
        psql(&self.url, statement);
    }

    /// What a statement answers: the only column of the only row.
    pub fn ask(&self, statement: &str) -> String {
        psql(&self.url, statement).trim().to_owned()
    }

    /// Holds a table against everybody who would read or write it.
    pub fn hold(&self, table: &str) -> Held {
        self.hold_by(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
    }

    /// Holds what a statement locks, in a transaction of a session of its own.
    pub fn hold_by(&self, statement: &str) -> Held {
        let mut command = Command::new("psql");
        command.args([self.url.as_str(), "-qAt"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut session = command.spawn().expect("run psql");
        let stdin = session.stdin.as_mut().expect("its stdin");
        writeln!(stdin, "BEGIN; {statement}; SELECT 'held';").expect("tell psql");
        let stdout = BufReader::new(session.stdout.take().expect("its stdout"));
        let mut said = stdout.lines().map(|line| line.expect("UTF-8"));
        assert!(said.any(|line| line == "held"), "{statement}");
        Held { session }
    }

    /// Its name, as the server's log tells it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Has the server log the plan of every statement of sessions from now on.
    pub fn explain_everything(&self) {
        self.set("session_preload_libraries", "auto_explain");
        self.set("auto_explain.log_min_duration", "0");
    }

    /// Has sessions begin with a setting from now on.
    pub fn set(&self, setting: &str, value: &str) {
        self.tell(&format!("ALTER DATABASE {} SET {setting} = '{value}'", self.name));
    }

    /// Ends every session and lets nobody in.
    pub fn lock_out(&self) {
        self.tell(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name));
        self.tell(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        ));
    }

    /// Lets everybody in again.
    pub fn let_in(&self) {
        self.tell(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name));
    }

    fn tell(&self, statement: &str) {
        psql(&self.server, statement);
    }
}

fn psql(url: &str, statement: &str) -> String {
    let output = Command::new("psql").args([url, "-qAtc", statement]).output().expect("run psql");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

impl Drop for Held {
    fn drop(&mut self) {
        // At the end of what it is told it ends, and its transaction with it.
        drop(self.session.stdin.take());
        self.session.wait().expect("await psql's end");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.tell(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}
