//! Processes of tools, found by the marks that their environment bears.

use std::fs;

/// The processes that bear a run's id in their environment, with what they run.
pub fn of_execution(execution: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| bears(*pid, execution)).map(shown).collect()
}

fn bears(pid: u32, execution: &str) -> bool {
    // Gone, or ended and not yet buried: then it has none.
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|entry| {
        let entry = String::from_utf8_lossy(entry);
        let of = entry.split_once('=').map_or("", |(_, value)| value);
        entry.starts_with("DROVER_") && of.starts_with(execution)
    })
}

fn shown(pid: u32) -> String {
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    format!("{pid}: {}", String::from_utf8_lossy(&command).replace('\0', " "))
}
