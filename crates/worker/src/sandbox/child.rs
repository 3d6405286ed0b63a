//! The supervisor: the small process between the server and a tool's command.
//!
//! It has no async runtime and must be entered before one is started. Its main thread never goes
//! behind the wall: from there it could not look for what it has to kill.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Stdin, Write};
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use rustix::process::{
    Resource, Rlimit, WaitOptions, getpid, getrlimit, set_child_subreaper, setrlimit, setsid, wait,
};

use super::config::Limits;
use super::error::{Doing, SandboxError};
use super::processes::kill_descendants;
use super::spec::{CANNOT_RUN, FAILED, GO, NOT_FOUND, Spec};
use super::wall;

/// The time between two looks for what is to be taken down.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(10);
/// Exit code, beyond which the number of the signal that ended the command is added.
const SIGNALLED: i32 = 128;

/// Waits for the go, runs one command behind the wall, and leaves nothing of it behind. The whole
/// of the hidden sub-command that a [`super::Launcher`] names.
pub fn main() -> ExitCode {
    match supervise() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let reason = std::error::Error::source(&error).map(|source| format!(": {source}"));
            complain(&format!("{error}{}", reason.unwrap_or_default()));
            ExitCode::from(FAILED)
        }
    }
}

fn supervise() -> Result<u8, SandboxError> {
    // A group and a session of its own. In the server's session, the kernel would send SIGHUP to
    // the group when the server dies while we have stopped a member: to us, too, in mid-kill.
    setsid().doing("begin a session")?;
    let mut server = BufReader::new(io::stdin());
    let Some((spec, stdin)) = await_go(&mut server)? else {
        // The server is gone, or thought better of it.
        return Ok(0);
    };
    // Orphans below us become our children, so that descent always leads here.
    set_child_subreaper(Some(getpid())).doing("adopt orphans")?;
    limit(spec.limits).doing("set limits")?;
    thread::Builder::new().spawn(move || watch(server)).doing("watch the server")?;
    let program = spec.program.clone();
    // Only this thread goes behind the wall, and what it starts inherits that.
    let started =
        thread::Builder::new().spawn(move || start(spec, stdin)).doing("start a thread")?;
    let target = match started.join() {
        Ok(Ok(Ok(pid))) => pid,
        Ok(Ok(Err(error))) => {
            complain(&format!("cannot run `{program}`: {error}"));
            let missing = error.kind() == ErrorKind::NotFound;
            return Ok(if missing { NOT_FOUND } else { CANNOT_RUN });
        }
        Ok(Err(error)) => return Err(error),
        Err(_) => return Err(SandboxError::Launcher),
    };
    let code = reap_until(target);
    bury();
    Ok(code)
}

/// Reads the command, and returns it once it may run.
fn await_go(server: &mut BufReader<Stdin>) -> Result<Option<(Spec, Vec<u8>)>, SandboxError> {
    let mut line = String::new();
    if server.read_line(&mut line).doing("read the command")? == 0 {
        return Ok(None);
    }
    let spec: Spec = serde_json::from_str(&line).doing("read the command")?;
    line.clear();
    server.read_line(&mut line).doing("wait for the go")?;
    if line != GO {
        return Ok(None);
    }
    // Read whole and before the start: later the end of this pipe must be noticed at once, also
    // while the command does not read.
    let mut stdin = Vec::new();
    let length = spec.stdin.unwrap_or(0);
    server.by_ref().take(length).read_to_end(&mut stdin).doing("read the input")?;
    Ok((stdin.len() as u64 == length).then_some((spec, stdin)))
}

/// Takes everything down when the server dies.
fn watch(mut server: BufReader<Stdin>) {
    let _ = io::copy(&mut server, &mut io::sink());
    // Again and again: a fork that was under way while its process was stopped shows up late. The
    // main thread ends the process, once nothing is left.
    loop {
        kill_descendants(own_pid());
        thread::sleep(AGAIN);
    }
}

/// Goes behind the wall and starts the command there. The inner result is the command's own.
fn start(spec: Spec, stdin: Vec<u8>) -> Result<io::Result<i32>, SandboxError> {
    wall::raise(&spec.readable, &spec.writable, spec.wall_optional)?;
    let input = if stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
    let spawned = Command::new(&spec.program)
        .args(&spec.args)
        .current_dir(&spec.cwd)
        .env_clear()
        .envs(&spec.env)
        .stdin(input)
        .spawn();
    Ok(spawned.map(|mut child| {
        if let Some(mut pipe) = child.stdin.take() {
            // A command need not read what it is given.
            thread::spawn(move || drop(pipe.write_all(&stdin)));
        }
        child.id().cast_signed()
    }))
}

/// Reaps orphans until the command itself has ended.
fn reap_until(target: i32) -> u8 {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid.as_raw_pid() == target => {
                let signalled = status.terminating_signal().map(|signal| SIGNALLED + signal);
                let code = status.exit_status().or(signalled).unwrap_or_default();
                return u8::try_from(code).unwrap_or(u8::MAX);
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            // No child is left and the command was not among them: impossible, but not endless.
            Err(_) => return FAILED,
        }
    }
}

/// Kills what the command left behind, and waits for the end of it.
fn bury() {
    loop {
        // Mostly there is nothing, and then `/proc` need not be read.
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => continue,
            Ok(None) => kill_descendants(own_pid()),
            Err(_) => return,
        }
        // All are killed: one of them ends.
        let _ = wait(WaitOptions::empty());
    }
}

fn own_pid() -> i32 {
    getpid().as_raw_pid()
}

fn limit(limits: Limits) -> rustix::io::Result<()> {
    let wanted = [
        (Resource::As, limits.memory_bytes),
        (Resource::Cpu, limits.cpu_seconds),
        (Resource::Fsize, limits.file_bytes),
        (Resource::Nofile, limits.open_files),
        (Resource::Nproc, limits.processes),
        // A core file would be the memory of a tool, secrets included, in its workspace.
        (Resource::Core, Some(0)),
    ];
    for (resource, wanted) in wanted {
        let Some(wanted) = wanted else { continue };
        // The machine's own limit may be lower already.
        let most = getrlimit(resource).maximum.map_or(wanted, |most| most.min(wanted));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

fn complain(text: &str) {
    // Nobody else to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "sandbox: {text}");
}
