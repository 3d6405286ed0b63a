//! The folder in which the tools of a run work, seen from outside: what they leave there, and pipes
//! by which a tool and a test wait for each other.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::time::timeout;

use super::{Plane, Worker};

/// Longest wait for a tool; less than the shell's own time limit, so that this does not pass for a
/// kill.
const PATIENCE: Duration = Duration::from_secs(20);

/// The workspace of a run.
pub struct Workspace {
    files: PathBuf,
}

/// A named pipe in a workspace.
pub struct Pipe {
    path: PathBuf,
    reading: pipe::Receiver,
    writing: pipe::Sender,
}

impl Workspace {
    /// That of a run, which is made if no tool was called yet.
    pub fn of(plane: &Plane, execution: &str) -> Self {
        Self::below(&plane.workspaces_dir(), execution)
    }

    /// That of a run on a worker in a process of its own.
    pub fn at(worker: &Worker, execution: &str) -> Self {
        Self::below(&worker.workspaces_dir(), execution)
    }

    fn below(workspaces: &Path, execution: &str) -> Self {
        let files = workspaces.join(execution).join("files");
        let mut folder = std::fs::DirBuilder::new();
        folder.recursive(true).mode(0o700).create(&files).expect("make the workspace");
        Self { files }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.files
    }

    /// The text of a file; empty if it is not there.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.files.join(name)).unwrap_or_default()
    }

    /// The lines of a file.
    pub fn lines(&self, name: &str) -> Vec<String> {
        self.read(name).lines().map(str::to_owned).collect()
    }

    /// A new pipe.
    pub fn pipe(&self, name: &str) -> Pipe {
        let path = self.files.join(name);
        let made = Command::new("mkfifo").arg(&path).status().expect("run mkfifo");
        assert!(made.success(), "mkfifo {}", path.display());
        // Open at both ends, it is never at its end and takes a word before anybody listens.
        let mut both = pipe::OpenOptions::new();
        both.read_write(true);
        let reading = both.open_receiver(&path).expect("open the pipe");
        let writing = both.open_sender(&path).expect("open the pipe");
        Pipe { path, reading, writing }
    }
}

impl Pipe {
    /// What a tool says next.
    pub async fn hear(&mut self) -> String {
        let mut said = [0; 1024];
        let read = timeout(PATIENCE, self.reading.read(&mut said)).await;
        let length = read.expect("a tool that says something").expect("a readable pipe");
        String::from_utf8_lossy(&said[..length]).trim().to_owned()
    }

    /// Says a line to a tool.
    pub async fn say(&mut self, line: &str) {
        self.writing.write_all(format!("{line}\n").as_bytes()).await.expect("a writable pipe");
    }

    /// Waits until no process holds the pipe open any more.
    pub async fn abandoned(self) {
        let mut reading =
            pipe::OpenOptions::new().open_receiver(&self.path).expect("open the pipe");
        // Our own ends count too.
        drop((self.reading, self.writing));
        let mut rest = Vec::new();
        let end = timeout(PATIENCE, reading.read_to_end(&mut rest)).await;
        end.expect("the end of the tool's processes").expect("a readable pipe");
    }
}
