//! Finding files by name and lines by content.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use serde_json::{Value, json};

use super::super::answer::Stop;
use super::Rules;
use super::folder::Folder;

/// Entries looked at in one search.
const MOST_ENTRIES: usize = 100_000;
/// Files that one search returns.
const MOST_FOUND: usize = 5_000;
/// Bytes that one search reads.
const MOST_READ: u64 = 512 << 20;
/// Characters shown of a line.
const LONGEST_LINE: usize = 500;

/// Files whose path matches the pattern.
pub(super) fn by_name(folder: &Folder, rules: &Rules, pattern: &str) -> Result<Vec<String>, Stop> {
    let compiled = Pattern::new(pattern.trim_start_matches("./"));
    let compiled =
        compiled.map_err(|error| Stop::refused(format!("The pattern is not valid: {error}.")))?;
    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
    let mut found = Vec::new();
    walk(folder, Path::new("."), &mut |path| {
        if rules.lets_through(path) && compiled.matches_path_with(path, options) {
            found.extend(path.to_str().map(str::to_owned));
        }
        found.len() < MOST_FOUND
    })?;
    Ok(found)
}

/// Lines that hold the query, whatever its case. Files that are not text, or too large, are left out.
pub(super) fn by_content(
    folder: &Folder,
    rules: &Rules,
    start: &Path,
    query: &str,
    limit: usize,
) -> Result<Vec<Value>, Stop> {
    let query = query.to_lowercase();
    let limit = limit.min(MOST_FOUND);
    let mut found = Vec::new();
    let mut left = MOST_READ;
    walk(folder, start, &mut |path| {
        let readable =
            rules.lets_through(path).then(|| folder.read(path, rules.most_bytes.min(left)));
        if let Some(Ok(bytes)) = readable {
            left -= bytes.len() as u64;
            let text = String::from_utf8(bytes).unwrap_or_default();
            let lines =
                text.lines().enumerate().filter(|(_, line)| line.to_lowercase().contains(&query));
            for (number, line) in lines.take(limit - found.len()) {
                let shown: String = line.chars().take(LONGEST_LINE).collect();
                found.push(json!({"file": path.to_str(), "line": number, "text": shown}));
            }
        }
        found.len() < limit
    })?;
    Ok(found)
}

/// Visits every file beneath `start` until told to stop. Links are not followed.
fn walk(folder: &Folder, start: &Path, visit: &mut dyn FnMut(&Path) -> bool) -> Result<(), Stop> {
    let mut open: Vec<PathBuf> = vec![start.to_owned()];
    let mut entries = 0;
    // Only the folder that was asked for must be there; others may vanish meanwhile.
    let mut listed = Some(folder.list(start)?);
    while let Some(path) = open.pop() {
        let list = match listed.take() {
            Some(list) => list,
            None => folder.list(&path).unwrap_or_default(),
        };
        for entry in list {
            entries += 1;
            if entries > MOST_ENTRIES {
                return Err(Stop::refused("There are too many files here to search."));
            }
            if entry.is_folder {
                open.push(entry.path);
            } else if !visit(&entry.path) {
                return Ok(());
            }
        }
    }
    Ok(())
}
