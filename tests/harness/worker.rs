//! Workers in processes of their own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

use model_server::ModelServer;

use super::{Organization, Plane, TestPlane};

/// A running `drover worker`.
pub struct Worker {
    child: Child,
    directory: tempfile::TempDir,
    told: Receiver<String>,
}

impl Worker {
    /// A worker of these queues, once the plane has let it in.
    pub fn start(org: &Organization, queues: &[&str]) -> Self {
        Self::start_with(org, queues, &[])
    }

    /// The same with further flags.
    pub fn start_with(org: &Organization, queues: &[&str], flags: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let workspaces = directory.path().join("workspaces");
        Self::launch(org, queues, flags, directory, &workspaces)
    }

    /// A worker of an organization's first queue, if organizations of this test have one: as near to
    /// the one inside the plane as can be.
    pub fn of_test(plane: &Plane, org: &Organization) -> Option<Self> {
        if TestPlane::current() == TestPlane::Embedded {
            return None;
        }
        let directory = tempfile::tempdir().expect("a temporary directory");
        let settings = plane.settings_file();
        let config = settings.to_str().expect("a path in UTF-8");
        let flags: &[&str] = if settings.exists() { &["--config", config] } else { &[] };
        let queue = org.queue_id.as_str();
        Some(Self::launch(org, &[queue], flags, directory, &plane.workspaces_dir()))
    }

    #[expect(clippy::disallowed_methods, reason = "the program finds its tools by it")]
    fn launch(
        org: &Organization,
        queues: &[&str],
        flags: &[&str],
        directory: tempfile::TempDir,
        workspaces: &Path,
    ) -> Self {
        let model = ModelServer::shared();
        let mut child = Command::new(Plane::program())
            .arg("worker")
            .args(queues.iter().flat_map(|queue| ["--queue", queue]))
            .args(["--url", &org.url, "--allow-unwalled-tools", "--workspaces-dir"])
            .arg(workspaces)
            .args(flags)
            .current_dir(directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DROVER_API_KEY", &org.key)
            .env("OPENAI_API_KEY", "sk-test-openai")
            .env("OPENAI_BASE_URL", model.openai_url())
            .env("ANTHROPIC_API_KEY", "sk-test-anthropic")
            .env("ANTHROPIC_BASE_URL", model.url())
            .env("DROVER_TEST_CANARY", "the-servers-environment")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start the worker");
        let stderr = BufReader::new(child.stderr.take().expect("its stderr"));
        let (tell, told) = channel();
        // Nobody may close the pipe under it, nor let it fill.
        std::thread::spawn(move || {
            for line in stderr.lines() {
                // Nobody listens any more.
                let _ended = tell.send(line.expect("UTF-8"));
            }
        });
        let worker = Self { child, directory, told };
        worker.says(" serves ");
        worker
    }

    /// Waits until it says this.
    pub fn says(&self, text: &str) {
        let mut said = Vec::new();
        while let Ok(line) = self.told.recv() {
            let found = line.contains(text);
            said.push(line);
            if found {
                return;
            }
        }
        panic!("it never said `{text}`, but: {}", said.join("\n"));
    }

    /// Where its tools work, a folder per run.
    pub fn workspaces_dir(&self) -> PathBuf {
        self.directory.path().join("workspaces")
    }

    /// SIGKILL, and the end awaited.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill the worker");
        self.child.wait().expect("await the worker's end");
    }

    /// Tells it to end (SIGTERM).
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().expect("run kill");
        assert!(told.success(), "kill -TERM {pid}");
    }

    /// Its end.
    pub fn ended(&mut self) -> ExitStatus {
        self.child.wait().expect("await the worker's end")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Ended already where a test has ended it.
        if let Ok(None) = self.child.try_wait() {
            self.kill();
        }
    }
}
