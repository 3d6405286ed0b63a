//! Planes: the program itself, as a child process.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};

use model_server::ModelServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::database::Database;
use super::{Organization, Reply, TestPlane, Worker, unique};

/// Where a Temporal server is: set by `cargo xtask test`, or by hand as `cargo xtask services start`
/// says.
const TEMPORAL: &str = "DROVER_TEST_TEMPORAL_ADDRESS";

/// A running plane.
pub struct Plane {
    child: Child,
    directory: Directory,
    /// Its database, where that is not in the directory.
    database: Option<Database>,
    /// Where it is.
    pub url: String,
    /// What `drover dev --json` printed.
    pub announced: Value,
    /// For the tests' requests.
    pub http: reqwest::Client,
}

/// A data directory with its workspaces.
enum Directory {
    Own(TempDir),
    Shared(PathBuf),
}

impl Plane {
    /// The plane of the test's kind that all tests share, unless they kill it.
    pub fn shared() -> &'static Self {
        static SHARED: [OnceLock<Plane>; TestPlane::COUNT] =
            [const { OnceLock::new() }; TestPlane::COUNT];
        let kind = TestPlane::current();
        SHARED[kind as usize].get_or_init(|| {
            let directory = Directory::Shared(shared_directory(kind));
            Self::launch(directory, Database::of_test(), &[])
        })
    }

    /// A plane of one's own on a fresh directory.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::launch(Directory::Own(directory), Database::of_test(), &[])
    }

    /// A plane of one's own whose database is in its directory.
    pub fn start_on_sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::launch(Directory::Own(directory), None, &[])
    }

    /// A plane of one's own on this directory, which may have a database already.
    pub fn start_in(directory: TempDir) -> Self {
        Self::launch(Directory::Own(directory), None, &[])
    }

    /// A plane of one's own on this database.
    pub fn start_on(database: Database) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::launch(Directory::Own(directory), Some(database), &[])
    }

    /// A plane of one's own on this database, whose runs this Temporal drives.
    pub fn start_on_temporal(database: Database, temporal: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        // No flag: the next start on this directory has it too.
        let toml = format!("temporal_address = '{temporal}'");
        std::fs::write(directory.path().join("drover.toml"), toml).expect("write drover.toml");
        Self::launch(Directory::Own(directory), Some(database), &[])
    }

    /// A plane of one's own that is started with these flags too.
    pub fn start_with(flags: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::launch(Directory::Own(directory), Database::of_test(), flags)
    }

    /// A plane of one's own with this `drover.toml`.
    pub fn configured(toml: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("drover.toml"), toml).expect("write drover.toml");
        Self::launch(Directory::Own(directory), Database::of_test(), &[])
    }

    /// Kills this one with SIGKILL and starts another on its directory, on another port.
    pub fn kill_and_restart(mut self) -> Self {
        self.kill();
        let Directory::Own(directory) =
            std::mem::replace(&mut self.directory, Directory::Shared(PathBuf::new()))
        else {
            panic!("the shared plane is not to be killed");
        };
        Self::launch(Directory::Own(directory), self.database.take(), &[])
    }

    /// A plane as `drover serve` starts it, on this directory, with these variables and flags.
    pub fn serve(directory: TempDir, variables: &[(&str, &str)], flags: &[&str]) -> Self {
        let mut command = Command::new(Self::program());
        let data = directory.path().join("data");
        command.args(["serve", "--allow-unwalled-tools", "--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(data).args(flags);
        surround(&mut command, directory.path());
        command.envs(variables.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("start the plane");
        let stderr = BufReader::new(child.stderr.take().expect("its stderr"));
        let (tell, told) = std::sync::mpsc::channel();
        let mut log = log_file(directory.path());
        // Nobody may close the pipe under it, nor let it fill.
        std::thread::spawn(move || {
            for line in stderr.lines() {
                let line = line.expect("UTF-8");
                writeln!(log, "{line}").expect("write its log");
                if let Some(url) = line.strip_prefix("Drover serves at ") {
                    tell.send(url.to_owned()).expect("somebody waits for it");
                }
            }
        });
        let url = told.recv().unwrap_or_else(|_| {
            let log = std::fs::read_to_string(directory.path().join("log")).unwrap_or_default();
            panic!("it does not serve:\n{log}");
        });
        let directory = Directory::Own(directory);
        Self { child, directory, database: None, url, announced: Value::Null, http: client() }
    }

    /// Its directory, for another start on it; it must have ended.
    pub fn into_directory(mut self) -> TempDir {
        let shared = Directory::Shared(PathBuf::new());
        match std::mem::replace(&mut self.directory, shared) {
            Directory::Own(directory) => directory,
            Directory::Shared(_) => panic!("the shared plane is not to be started again"),
        }
    }

    /// Changes rows behind its back, in whichever database it has.
    pub fn change(&self, statement: &str) {
        match &self.database {
            Some(database) => database.change(statement),
            None => {
                super::tokens::database(self).execute(statement, []).expect("a change");
            }
        }
    }

    /// The only column of the only row that a statement answers, in whichever database it has.
    pub fn ask(&self, statement: &str) -> String {
        match &self.database {
            Some(database) => database.ask(statement),
            None => {
                let database = super::tokens::database(self);
                let number = database.query_row(statement, [], |row| row.get::<_, i64>(0));
                number.expect("a number").to_string()
            }
        }
    }

    /// The hexadecimal digits of an id's column, in the words of its database.
    pub fn hex_of(&self, column: &str) -> String {
        match &self.database {
            Some(_) => format!("replace({column}::text, '-', '')"),
            None => format!("hex({column})"),
        }
    }

    /// Its database in Postgres.
    pub fn database(&self) -> &Database {
        self.database.as_ref().expect("a plane on Postgres")
    }

    /// Tells it to end (SIGTERM) and awaits that; how it ended.
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        self.signal("-TERM");
        self.child.wait().expect("await the plane's end")
    }

    /// Sends it a signal, as `kill` names it.
    pub fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let told = Command::new("kill").args([signal, &pid]).status().expect("run kill");
        assert!(told.success(), "kill {signal} {pid}");
    }

    /// SIGKILL, and the end awaited.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill the plane");
        self.child.wait().expect("await the plane's end");
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Where tools work, a folder per run.
    pub fn workspaces_dir(&self) -> PathBuf {
        self.directory.path().join("data-workspaces")
    }

    /// Its `drover.toml`, whether it has one or not.
    pub fn settings_file(&self) -> PathBuf {
        self.directory.path().join("drover.toml")
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).expect("the plane's log")
    }

    /// A GET without a key.
    pub async fn get(&self, path: &str) -> Reply {
        Reply::read(self.http.get(format!("{}{path}", self.url))).await
    }

    /// The program under test.
    pub fn program() -> &'static str {
        env!("CARGO_BIN_EXE_drover")
    }

    /// A new organization with its owner's key.
    pub async fn organization(&self) -> Organization {
        self.organization_named(&unique("org")).await
    }

    /// A new organization with this name.
    pub async fn organization_named(&self, name: &str) -> Organization {
        let mut organization = self.organization_without_worker(name).await;
        // One of a plane that is killed would not find where it is afterwards.
        if matches!(self.directory, Directory::Shared(_)) {
            organization.worker = Worker::of_test(self, &organization).map(Arc::new);
        }
        organization
    }

    /// A new organization that has no worker but the one inside the plane.
    pub async fn organization_without_worker(&self, name: &str) -> Organization {
        let reply = self.operator_post("/api/v1/organizations", json!({"name": name})).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let text = |field: &str| reply.body[field].as_str().expect("a text").to_owned();
        Organization {
            name: name.to_owned(),
            key: text("api_key"),
            environment_id: text("environment_id"),
            queue_id: text("worker_queue_id"),
            url: self.url.clone(),
            http: self.http.clone(),
            worker: None,
        }
    }

    /// The seeded organization of `drover dev`.
    pub fn seeded(&self) -> Organization {
        let text = |field: &str| self.announced[field].as_str().expect("a text").to_owned();
        Organization {
            name: text("organization_id"),
            key: text("api_key"),
            environment_id: text("environment_id"),
            queue_id: text("worker_queue_id"),
            url: self.url.clone(),
            http: self.http.clone(),
            worker: None,
        }
    }

    /// A POST with the operator's token.
    pub async fn operator_post(&self, path: &str, body: Value) -> Reply {
        let token = std::fs::read_to_string(self.data_dir().join("admin.token"))
            .expect("the operator's token");
        let request = self.http.post(format!("{}{path}", self.url)).json(&body);
        Reply::read(request.bearer_auth(token.trim())).await
    }

    fn launch(directory: Directory, database: Option<Database>, extra: &[&str]) -> Self {
        let data = directory.path().join("data");
        // The shell ends the plane when the tests' end of its stdin closes, however they end. A
        // plane that is to be killed is the child itself.
        let own = matches!(directory, Directory::Own(_));
        let mut command = if own {
            Command::new(Self::program())
        } else {
            // It closes its own stdout: a plane that does not start must be heard to end.
            let mut shell = Command::new("/bin/sh");
            shell
                .args(["-c", "\"$0\" \"$@\" & child=$!; exec >&-; cat >/dev/null; kill -9 $child"]);
            shell.arg(Self::program());
            shell
        };
        surround(&mut command, directory.path());
        let mut child = command
            .args(["dev", "--json", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&data)
            .args(extra)
            .envs((!own).then_some(("DROVER_WORKER_TEMPORAL_ADDRESS", super::FOREIGN_TEMPORAL)))
            .envs(database.iter().map(|database| ("DROVER_DATABASE_URL", &database.url)))
            // The others are killed and started again, with workers that must find them.
            .envs(
                (!own && TestPlane::current() == TestPlane::Scale)
                    .then(temporal_server)
                    .map(|url| ("DROVER_TEMPORAL_ADDRESS", url)),
            )
            .stdout(Stdio::piped())
            .stderr(log_file(directory.path()))
            .spawn()
            .expect("start the plane");
        let stdout = child.stdout.take().expect("its stdout");
        let mut line = String::new();
        let mut stdout = BufReader::new(stdout);
        stdout.read_line(&mut line).expect("what it announces");
        let announced: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            let log = std::fs::read_to_string(directory.path().join("log")).unwrap_or_default();
            panic!("no announcement ({error}): {line:?}\n{log}");
        });
        // Nobody may close the pipe under it, nor let it fill.
        std::thread::spawn(move || {
            let mut rest = Vec::new();
            stdout.read_to_end(&mut rest).expect("read to the end");
        });
        let url = announced["url"].as_str().expect("a url").to_owned();
        Self { child, directory, database, url, announced, http: client() }
    }
}

/// Where a plane runs, and with which models.
#[expect(clippy::disallowed_methods, reason = "the program finds its tools by it")]
fn surround(command: &mut Command, directory: &Path) {
    let model = ModelServer::shared();
    command
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("OPENAI_API_KEY", "sk-test-openai")
        .env("OPENAI_BASE_URL", model.openai_url())
        .env("ANTHROPIC_API_KEY", "sk-test-anthropic")
        .env("ANTHROPIC_BASE_URL", model.url())
        .env("DROVER_TEST_CANARY", "the-servers-environment")
        .stdin(Stdio::piped());
}

impl Drop for Plane {
    fn drop(&mut self) {
        // Ended already where a test killed it.
        if let Ok(None) = self.child.try_wait() {
            self.kill();
        }
    }
}

impl Directory {
    fn path(&self) -> &Path {
        match self {
            Self::Own(directory) => directory.path(),
            Self::Shared(path) => path,
        }
    }
}

/// A folder of this process for the plane that its tests share; other tests may run beside these.
/// Statics are never dropped, so each run removes the folders of the runs that have ended.
fn shared_directory(kind: TestPlane) -> PathBuf {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shared-planes");
    std::fs::create_dir_all(&all).expect("make the folder of shared planes");
    for folder in std::fs::read_dir(&all).expect("the folder of shared planes").flatten() {
        if !Path::new("/proc").join(folder.file_name()).exists() {
            // Another run may be removing it too.
            let _gone = std::fs::remove_dir_all(folder.path());
        }
    }
    let path = all.join(std::process::id().to_string()).join(format!("{kind:?}"));
    std::fs::create_dir_all(&path).expect("make the shared plane's folder");
    path
}

/// The plane's log; a test that fails shows where it is.
fn log_file(directory: &Path) -> std::fs::File {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).open(directory.join("log")).expect("a log file")
}

/// Where the Temporal server of the tests is.
#[expect(clippy::disallowed_methods, reason = "it is how the tests are told")]
pub fn temporal_server() -> String {
    std::env::var(TEMPORAL).expect("a server; see `cargo xtask services start`")
}

fn client() -> reqwest::Client {
    // A second installation is refused, which is as good as the first.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        // Tests have runtimes of their own; a connection must not outlive its runtime.
        .pool_max_idle_per_host(0)
        .build()
        .expect("an HTTP client")
}
