//! The program's commands, as somebody types them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{Organization, Plane};

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A place to type commands in: an empty folder and an environment of one's own.
pub struct Terminal {
    directory: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Terminal {
    /// Without any variable but `PATH`.
    #[expect(clippy::disallowed_methods, reason = "the program finds its tools by it")]
    pub fn new() -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { directory, variables: vec![("PATH".to_owned(), path)] }
    }

    /// Set up for an organization of a plane.
    pub fn of(organization: &Organization) -> Self {
        Self::new().with("DROVER_URL", &organization.url).with("DROVER_API_KEY", &organization.key)
    }

    /// With another variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a `drover.toml`.
    pub fn with_file(self, text: &str) -> Self {
        std::fs::write(self.path("drover.toml"), text).expect("write drover.toml");
        self
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("run the program");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Starts a command and gives it when it has printed a line that contains `text` on stdout.
    pub fn start_until(&self, arguments: &[&str], text: &str) -> Child {
        let mut command = self.command(arguments);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start");
        let mut stdout = BufReader::new(child.stdout.take().expect("its stdout"));
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert_ne!(stdout.read_line(&mut line).expect("a line"), 0, "it never said `{text}`");
        }
        child.stdout = Some(stdout.into_inner());
        child
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Plane::program());
        command.args(arguments).current_dir(self.directory.path()).env_clear();
        command.envs(self.variables.clone()).stdin(Stdio::null());
        command
    }
}

impl Ended {
    /// What it printed for a program.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Interrupts a process, as Ctrl-C does.
pub fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.expect("run kill").success());
}
