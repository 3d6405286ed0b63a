//! The wall around a tool: Landlock, fewer system calls, no new privileges, no capabilities.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use landlock::{
    ABI, Access, AccessFs, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::error::SandboxError;
use super::syscalls;

/// The newest rights we know; an older kernel enforces those that it has.
const KNOWN: ABI = ABI::V9;
/// The first version that keeps a tool from truncating files which it cannot open.
const OLDEST: u32 = 3;

/// Programs and libraries.
const SYSTEM: [&str; 8] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt"];
/// What programs need of the machine's configuration. Not all of `/etc`: a server's own
/// configuration and keys are usually there, readable by the user that tools run as.
const CONFIGURATION: [&str; 34] = [
    "/etc/alternatives",
    "/etc/bash.bashrc",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/default/locale",
    "/etc/fonts",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/inputrc",
    "/etc/java",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/perl",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/python3",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
];
/// Figures of the machine. Nothing of `/proc/<pid>`: the command lines of other executions are there.
const FIGURES: [&str; 8] = [
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/uptime",
    "/proc/version",
    "/sys/devices/system/cpu",
];
/// Devices that hold nothing. No terminal.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// The wall this machine's kernel can raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// Landlock, of this version of its interface.
    Landlock {
        /// 3 keeps files apart, 5 devices, 6 also signals and abstract sockets.
        abi: u32,
    },
    /// The kernel has no Landlock, or it is not enabled.
    None,
}

impl Wall {
    /// Asks the kernel.
    pub fn detect() -> Self {
        // The crate tells the version only to those who restrict themselves; a restriction holds for
        // a thread, so a thread is made for it.
        let asked = thread::spawn(|| {
            Ruleset::default().handle_access(AccessFs::Execute)?.create()?.restrict_self()
        });
        match asked.join() {
            Ok(Ok(status)) => Self::from_status(status.landlock),
            Ok(Err(_)) | Err(_) => Self::None,
        }
    }

    /// Why this wall is not enough to run other people's commands; `None` when it is.
    pub fn shortcoming(self) -> Option<&'static str> {
        match self {
            Self::Landlock { abi } if abi >= OLDEST => None,
            Self::Landlock { .. } => Some("its Landlock is too old, Linux 6.2 or newer is needed"),
            Self::None => Some("it has no Landlock, or Landlock is not enabled at boot"),
        }
    }

    fn from_status(status: LandlockStatus) -> Self {
        match status {
            LandlockStatus::Available { effective_abi, .. } => {
                Self::Landlock { abi: effective_abi as u32 }
            }
            LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => Self::None,
        }
    }
}

/// All that tools may read, less what is hidden.
pub(super) fn readable(extra: &[PathBuf], hidden: &[PathBuf]) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let own = SYSTEM.iter().chain(&CONFIGURATION).chain(&FIGURES).map(PathBuf::from);
    for root in own.chain(extra.iter().cloned()) {
        // Absent on this machine: nothing to allow.
        if let Ok(root) = fs::canonicalize(root) {
            around(&root, hidden, &mut paths);
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

/// Landlock can only add. So a folder that contains a hidden one is replaced by its other entries.
fn around(path: &Path, hidden: &[PathBuf], paths: &mut Vec<PathBuf>) {
    if hidden.iter().any(|hidden| path.starts_with(hidden)) {
        return;
    }
    if !hidden.iter().any(|hidden| hidden.starts_with(path)) {
        paths.push(path.to_owned());
        return;
    }
    let Ok(entries) = fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten() {
        // A link's target is either allowed elsewhere or not meant to be.
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            around(&entry.path(), hidden, paths);
        }
    }
}

/// Raises the wall around the calling thread and all it starts. Cannot be taken down.
pub(super) fn raise(
    readable: &[PathBuf],
    writable: &[PathBuf],
    optional: bool,
) -> Result<(), SandboxError> {
    // Capabilities would let root's tools change the network, the clock or the ownership of files.
    // With `no_new_privs`, set by `restrict_self`, no later exec gains them back.
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    let io =
        |doing| move |error: rustix::io::Errno| SandboxError::Io { doing, source: error.into() };
    rustix::thread::set_no_new_privs(true).map_err(io("give up new privileges"))?;
    rustix::thread::set_capabilities(None, none).map_err(io("give up capabilities"))?;
    let status = restrict(readable, writable).map_err(|error| SandboxError::Io {
        doing: "raise the wall",
        source: std::io::Error::other(error),
    })?;
    if let (Err(error), false) = (syscalls::take_away(), optional) {
        let source = std::io::Error::other(error);
        return Err(SandboxError::Io { doing: "take system calls away", source });
    }
    match Wall::from_status(status.landlock).shortcoming() {
        None if status.ruleset == RulesetStatus::NotEnforced => {
            Err(SandboxError::NoWall("its Landlock does not enforce our rules"))
        }
        Some(reason) if !optional => Err(SandboxError::NoWall(reason)),
        _ => Ok(()),
    }
}

fn restrict(
    readable: &[PathBuf],
    writable: &[PathBuf],
) -> Result<landlock::RestrictionStatus, RulesetError> {
    let read = AccessFs::from_read(KNOWN);
    let all = AccessFs::from_all(KNOWN);
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    Ruleset::default()
        .handle_access(all)?
        .scope(Scope::from_all(KNOWN))?
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(DEVICES, device))?
        .add_rules(path_beneath_rules(writable, all))?
        .restrict_self()
}
