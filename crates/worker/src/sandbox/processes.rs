//! Finding and killing all processes of one call, by `/proc`.

use std::collections::{HashMap, HashSet};
use std::fs;

use drover_domain::activities::ProcessRecord;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

use super::error::SandboxError;

/// Variable by which a process is known to belong to a call.
pub(super) const MARKER: &str = "DROVER_IDEMPOTENCY_KEY";

/// Looks at all processes are repeated until no new one appears; this many times at most.
const LOOKS: usize = 200;
/// How long the dead may take to go.
const PATIENCE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// A process at one moment.
#[derive(Debug, Clone, Copy)]
struct Process {
    pid: i32,
    parent: i32,
    group: i32,
    started: u64,
    zombie: bool,
}

impl Process {
    fn is(self, record: ProcessRecord) -> bool {
        self.pid == record.group && self.started == record.started_ticks
    }
}

/// Kills what is left of a call: the recorded group, every process that carries the call's marker,
/// and what descends from either. Returns how many were killed, once they are gone.
///
/// A group whose leader started at another time than recorded is somebody else's and is let be.
/// Blocks for some milliseconds: not for an async thread.
pub fn kill_survivor(record: ProcessRecord, idempotency_key: &str) -> Result<usize, SandboxError> {
    wait_gone(&kill_all(&Whose::Call { record, key: idempotency_key, age: Age::Unknown }))
}

/// The same for a call that has only just ended.
pub(super) fn kill_rest(record: ProcessRecord, key: &str) -> Result<usize, SandboxError> {
    wait_gone(&kill_all(&Whose::Call { record, key, age: Age::Recent }))
}

/// The same without waiting for the end.
pub(super) fn kill_now(record: ProcessRecord, key: &str) {
    kill_all(&Whose::Call { record, key, age: Age::Recent });
}

/// Kills all that descends from a process, and spares itself.
pub(super) fn kill_descendants(ancestor: i32) {
    kill_all(&Whose::Descendants { of: ancestor });
}

/// Whether the recorded leader is still there (and no other process of the same number).
pub fn is_running(record: ProcessRecord) -> bool {
    look_at(record.group).is_some_and(|process| process.is(record) && !process.zombie)
}

/// The start time by which a process is told from a later one with its number.
pub(super) fn started(pid: i32) -> Option<u64> {
    look_at(pid).map(|process| process.started)
}

/// Which processes are meant.
enum Whose<'a> {
    Call { record: ProcessRecord, key: &'a str, age: Age },
    Descendants { of: i32 },
}

/// When the record was made. The number of a group is not given to a new process while the group
/// has members; in time it may have been emptied, given away and left without its leader again.
#[derive(PartialEq)]
enum Age {
    /// In this very call: a group without its leader is still ours.
    Recent,
    /// Perhaps before a restart: of a group without its leader only marked processes are ours.
    Unknown,
}

/// Stops them all first and kills them then: what is stopped cannot fork, so a second look finds
/// those that were born during the first, and in the end none is missed.
fn kill_all(whose: &Whose<'_>) -> Vec<Process> {
    let mut caught = HashMap::new();
    for _ in 0..LOOKS {
        let before = caught.len();
        for process in members(whose) {
            if caught.insert((process.pid, process.started), process).is_none() {
                signal(process, Signal::STOP);
            }
        }
        if caught.len() == before {
            break;
        }
    }
    for process in caught.values() {
        signal(*process, Signal::KILL);
    }
    caught.into_values().collect()
}

/// Signals exactly this process. It is no error if it has ended meanwhile.
fn signal(process: Process, signal: Signal) {
    let Some(pid) = Pid::from_raw(process.pid) else {
        return;
    };
    let handle = pidfd_open(pid, PidfdFlags::empty());
    // Looked at again once the handle is open: then the handle is not of a reused number.
    if started(process.pid) != Some(process.started) {
        return;
    }
    let _ = match handle {
        Ok(handle) => pidfd_send_signal(handle, signal),
        // Out of file descriptors, say. Not to kill would be worse than the tiny chance of reuse.
        Err(_) => kill_process(pid, signal),
    };
}

fn wait_gone(killed: &[Process]) -> Result<usize, SandboxError> {
    for process in killed {
        let Some(pid) = Pid::from_raw(process.pid) else {
            continue;
        };
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        if started(process.pid) != Some(process.started) {
            continue;
        }
        // Interrupted whenever a child of ours ends, which is just what happens here.
        let ready = loop {
            match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&PATIENCE)) {
                Err(Errno::INTR) => {}
                ready => break ready,
            }
        };
        if ready == Ok(0) {
            return Err(SandboxError::Unkillable);
        }
    }
    Ok(killed.len())
}

fn members(whose: &Whose<'_>) -> Vec<Process> {
    let all = look();
    let own = std::process::id().cast_signed();
    let roots: Vec<i32> = match whose {
        Whose::Descendants { of } => vec![*of],
        Whose::Call { record, key, age } => {
            let leader = all.get(&record.group);
            let ours = leader.map_or(*age == Age::Recent, |leader| leader.is(*record));
            let belongs = |process: &&Process| {
                // Not even a server that a tool has started may fell itself and all of its tools.
                process.pid != own
                    && (ours && process.group == record.group || carries(process.pid, key))
            };
            all.values().filter(belongs).map(|process| process.pid).collect()
        }
    };
    let mut found = with_descendants(&all, &roots);
    if let Whose::Descendants { of } = whose {
        found.remove(of);
    }
    found.remove(&own);
    let found = found.into_iter().filter_map(|pid| all.get(&pid).copied());
    found.filter(|process| !process.zombie).collect()
}

fn with_descendants(all: &HashMap<i32, Process>, roots: &[i32]) -> HashSet<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for process in all.values() {
        children.entry(process.parent).or_default().push(process.pid);
    }
    let mut found: HashSet<i32> = roots.iter().copied().collect();
    let mut open = roots.to_vec();
    while let Some(parent) = open.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            if found.insert(*child) {
                open.push(*child);
            }
        }
    }
    found
}

/// Whether the process was started with the call's marker.
fn carries(pid: i32, key: &str) -> bool {
    if key.is_empty() {
        return false;
    }
    // Unreadable means: of another user, or gone.
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    environment.split(|byte| *byte == 0).any(|entry| {
        entry.strip_prefix(MARKER.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
            == Some(key.as_bytes())
    })
}

fn look() -> HashMap<i32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return HashMap::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(look_at)
        .map(|process| (process.pid, process))
        .collect()
}

fn look_at(pid: i32) -> Option<Process> {
    // A process names itself, and need not do so in UTF-8.
    parse(pid, &String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?))
}

/// Reads `/proc/<pid>/stat`. The name is in parentheses and may hold spaces and parentheses itself,
/// so the fields are counted from the last one.
fn parse(pid: i32, stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // Field 3, the state, is the first after the name.
    let field = |number: usize| fields.get(number - 3).copied();
    Some(Process {
        pid,
        zombie: matches!(field(3)?, "Z" | "X"),
        parent: field(4)?.parse().ok()?,
        group: field(5)?.parse().ok()?,
        started: field(22)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_parentheses() {
        let stat = "42 (a) R 1 (b)) S 7 9 9 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2";
        let process = parse(42, stat).unwrap();
        assert_eq!((process.parent, process.group, process.started), (7, 9, 987654));
        assert!(!process.zombie);
    }

    #[test]
    fn what_is_no_stat_is_no_process() {
        assert!(parse(1, "").is_none());
        assert!(parse(1, "1 (x) S 1").is_none());
    }
}
