//! House rules about the text of files and about their names.

use std::path::Path;

use anyhow::{Context, Result};

/// Above this a file probably holds two things.
const LONG: usize = 450;

/// In no Rust file. Written in halves, for this is a Rust file.
const REFUSED_RUST: [(&str, &str); 6] = [
    (concat!("to", "do!("), "finish it, or leave it out"),
    (concat!("unimple", "mented!("), "finish it, or leave it out"),
    (concat!("d", "bg!("), "use `tracing`"),
    (concat!("#[al", "low("), "use `#[expect(lint, reason = \"…\")]`"),
    (concat!("#![al", "low("), "use `#![expect(lint, reason = \"…\")]`"),
    (concat!("#[ig", "nore"), "a test that does not run tests nothing"),
];

/// In no file at all: the folders of one machine.
const REFUSED_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];

/// Rooms without a name.
const REFUSED_NAMES: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "misc"];

/// Folders that nobody wrote.
const SKIPPED: [&str; 4] = [".git", ".drover", "node_modules", "target"];

/// What was found.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// Files read.
    pub files: usize,
    /// What must change.
    pub faults: Vec<String>,
    /// Long files.
    pub long: Vec<String>,
}

/// Reads every file below a folder.
pub fn read(root: &Path) -> Result<Found> {
    let mut found = Found::default();
    read_folder(root, root, &mut found)?;
    found.faults.sort();
    found.long.sort();
    Ok(found)
}

fn read_folder(root: &Path, folder: &Path, found: &mut Found) -> Result<()> {
    let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if SKIPPED.contains(&&*name) {
            continue;
        }
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if path.is_dir() {
            read_folder(root, &path, found)?;
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            found.files += 1;
            look(&shown, &text, found);
        }
    }
    Ok(())
}

fn look(path: &str, text: &str, found: &mut Found) {
    let mut rooms = path.split('/').map(|part| part.split('.').next().unwrap_or(part));
    if let Some(room) = rooms.find(|room| REFUSED_NAMES.contains(room)) {
        found.faults.push(format!("{path}: `{room}` says nothing; name what it holds"));
    }
    let is_rust = path.ends_with(".rs");
    let is_written = is_rust || path.ends_with(".ts") || path.ends_with(".tsx");
    let lines = text.lines().count();
    if is_written && lines > LONG {
        found.long.push(format!("{path} has {lines} lines"));
    }
    for (line, number) in text.lines().zip(1..) {
        if is_rust {
            for (refused, remedy) in REFUSED_RUST {
                if line.contains(refused) {
                    found.faults.push(format!("{path}:{number}: `{refused}`: {remedy}"));
                }
            }
        }
        // A lock file names checksums and addresses, no folders; one line of JSON is no source.
        if line.len() < 2_000 && REFUSED_PATHS.iter().any(|refused| names(line, refused)) {
            found.faults.push(format!("{path}:{number}: the folder of one machine"));
        }
    }
}

/// Whether a path of this text begins with a folder; `src` + folder does not.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || "}_-.".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> usize {
        let mut found = Found::default();
        look(path, text, &mut found);
        found.faults.len()
    }

    #[test]
    fn refused_words_are_found_where_they_are_refused() {
        let unfinished = REFUSED_RUST[0].0;
        assert_eq!(faults("crates/a/src/jobs.rs", unfinished), 1);
        assert_eq!(faults("CONTRIBUTING.md", unfinished), 0);
        assert_eq!(faults("README.md", REFUSED_PATHS[0]), 1);
        assert_eq!(faults("README.md", &format!("crates/plane/src{}", REFUSED_PATHS[0])), 0);
        assert_eq!(faults("crates/a/src/utils.rs", ""), 1);
        assert_eq!(faults("crates/a/src/helpers/mod.rs", ""), 1);
        assert_eq!(faults("crates/a/src/commons.rs", "fn utils() {}"), 0);
    }

    #[test]
    fn long_files_are_told_of_and_not_refused() {
        let mut found = Found::default();
        look("crates/a/src/jobs.rs", &"\n".repeat(LONG + 1), &mut found);
        look("tests/contract/surface.json", &"\n".repeat(LONG + 1), &mut found);
        assert_eq!(
            found,
            Found { long: vec!["crates/a/src/jobs.rs has 451 lines".into()], ..Found::default() }
        );
    }
}
