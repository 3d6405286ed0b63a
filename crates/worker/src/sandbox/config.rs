//! What an operator decides about tool processes.

use std::path::PathBuf;

/// How the program starts itself again as the supervisor of a tool.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// The program, by its full path.
    pub program: PathBuf,
    /// What makes it call [`super::child::main`] first of all.
    pub args: Vec<String>,
}

/// Where tools run and what they may use.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// How a supervisor is started.
    pub launcher: Launcher,
    /// Folder of the workspaces, one sub-folder per execution. Apart from every `hidden` folder.
    pub workspaces: PathBuf,
    /// Folders that no tool may see: data directory, home and working directory of the server. They
    /// are left out even where they lie in a folder that tools may read, such as `/opt`.
    pub hidden: Vec<PathBuf>,
    /// Folders and files that tools may read and execute beside the system's own.
    pub readable: Vec<PathBuf>,
    /// Limits of each process.
    pub limits: Limits,
    /// Bytes an execution may keep in its workspace.
    pub quota_bytes: u64,
    /// Tool processes that run at the same time; more wait for their turn.
    pub max_processes: usize,
    /// What to do on a kernel without a wall.
    pub wall: WallPolicy,
}

impl SandboxConfig {
    /// The defaults, for a launcher and a folder of workspaces.
    pub fn new(launcher: Launcher, workspaces: PathBuf) -> Self {
        Self {
            launcher,
            workspaces,
            hidden: Vec::new(),
            readable: Vec::new(),
            limits: Limits::default(),
            quota_bytes: 4 << 30,
            max_processes: 16,
            wall: WallPolicy::Required,
        }
    }
}

/// What to do on a kernel without a wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WallPolicy {
    /// Run no tool.
    Required,
    /// Run tools all the same; they can read what the server can.
    IfAvailable,
}

/// Limits of each process of a tool, enforced by the kernel. `None` means no limit of ours.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Address space in bytes. Runtimes that reserve much more than they use (Node with
    /// WebAssembly, the JVM) need more than the default.
    pub memory_bytes: Option<u64>,
    /// Processor time in seconds.
    pub cpu_seconds: Option<u64>,
    /// Size of the largest file.
    pub file_bytes: Option<u64>,
    /// Open files.
    pub open_files: Option<u64>,
    /// Processes and threads. The kernel counts all of the user, the server included, and does not
    /// hold root to it; so this stops a fork bomb and is no fine measure.
    pub processes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: Some(2 << 30),
            cpu_seconds: Some(600),
            file_bytes: Some(1 << 30),
            open_files: Some(1024),
            processes: Some(4096),
        }
    }
}
