//! Moving house: an organization goes from one plane to another in a file.

mod damaged;
mod foreign;
mod keys;
mod refused;
mod round_trip;

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::program::{Ended, Terminal};
use crate::harness::{Organization, Plane};

/// Where rows are.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// In a data directory.
    Directory(&'a Path),
    /// In Postgres, by its URL; the keys are in the directory.
    Postgres(&'a str, &'a Path),
}

impl Place<'_> {
    fn run(self, arguments: &[&str]) -> Ended {
        let (url, directory) = match self {
            Self::Directory(directory) => (None, directory),
            Self::Postgres(url, directory) => (Some(url), directory),
        };
        let terminal = Terminal::new();
        let terminal = match url {
            Some(url) => terminal.with("DROVER_DATABASE_URL", url),
            None => terminal,
        };
        let directory = directory.to_str().expect("a path in UTF-8");
        terminal.run(&[arguments, &["--data-dir", directory]].concat())
    }

    /// Exports and gives the summary.
    fn export(self, organization: &str, file: &Path) -> Value {
        let file = file.to_str().expect("a path in UTF-8");
        self.run(&["export", "--organization", organization, "--out", file, "--json"]).json()
    }

    /// Exports what then is no longer there, and gives the summary.
    fn remove(self, organization: &str, file: &Path) -> Value {
        let file = file.to_str().expect("a path in UTF-8");
        let arguments = ["export", "--organization", organization, "--out", file, "--remove"];
        self.run(&[&arguments[..], &["--json"]].concat()).json()
    }

    /// Imports and gives the summary.
    fn import(self, file: &Path) -> Value {
        self.run(&["import", file.to_str().expect("a path in UTF-8"), "--json"]).json()
    }

    fn import_fails(self, file: &Path) -> Ended {
        self.run(&["import", file.to_str().expect("a path in UTF-8")])
    }

    /// Whether this organization is there.
    fn has(self, organization: &str) -> bool {
        let ended = self.run(&["export", "--organization", organization, "--dry-run", "--json"]);
        // Without its key a plane exports nothing; one that never ran has none.
        let known = ended.code == Some(0) || ended.stderr.contains("signing.key");
        assert!(known || ended.stderr.contains("no organization"), "{ended:?}");
        known
    }
}

/// It ended with this code and one line that has these words.
fn assert_refused(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{ended:?}");
    assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{ended:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "`{word}`: {ended:?}");
    }
}

/// A small organization in a file, and the plane that it is from, which does not run any more.
struct Exported {
    plane: Plane,
    org: Organization,
    folder: tempfile::TempDir,
}

impl Exported {
    async fn make() -> Self {
        let mut plane = Plane::start_on_sqlite();
        let org = plane.organization().await;
        let agent = org.agent("instant").await;
        let job = org.job(&agent, "Say hello.").await;
        let run = org.trigger(&job, json!({})).await;
        assert_eq!(org.finished(&run).await["status"], "completed");
        let queue = org.queue_without_worker().await;
        org.execute(&agent, json!({"prompt": "wait", "worker_queue_id": queue})).await;
        plane.terminate();
        let folder = tempfile::tempdir().expect("a temporary directory");
        Place::Directory(&plane.data_dir()).export(&org.name, &folder.path().join("whole"));
        Self { plane, org, folder }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("whole")
    }

    /// The file with its lines changed, and a checksum that fits.
    fn forged(&self, change: impl FnOnce(&mut Vec<Value>)) -> std::path::PathBuf {
        let text = std::fs::read_to_string(self.file()).expect("the export");
        let mut lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        lines.pop();
        change(&mut lines);
        let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let sha256 = Sha256::digest(&text);
        let sha256: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        text += &format!("{}\n", json!({"end": {"rows": lines.len() - 1, "sha256": sha256}}));
        let path = self.folder.path().join("forged");
        std::fs::write(&path, text).expect("write the forged export");
        path
    }

    /// A place for it to go.
    fn elsewhere(&self) -> std::path::PathBuf {
        self.folder.path().join("elsewhere")
    }
}

/// The first row of a table.
fn row<'a>(lines: &'a mut [Value], table: &str) -> &'a mut Value {
    let mut rows = lines.iter_mut().filter(|line| line["table"] == table);
    &mut rows.next().unwrap_or_else(|| panic!("a row of {table}"))["row"]
}
