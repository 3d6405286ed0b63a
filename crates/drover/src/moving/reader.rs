//! Reading an export: whole, unchanged and of a form that this program knows, or not at all.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use drover_store::moving;
use drover_wire::check::{Check, Violations};
use drover_wire::organizations::OrganizationCreate;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{End, FORMAT, Head, Last, Line, hex};
use crate::exit::CommandError;

/// How the last line begins, and no other.
const LAST: &[u8] = b"{\"end\":";

/// Reads the lines of an export, one after the other; says at the end whether they are those that
/// were written.
pub struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    head: Head,
    line: Vec<u8>,
    hash: Sha256,
    rows: u64,
}

#[derive(Deserialize)]
struct Form {
    drover_export: u32,
}

impl Reader {
    /// Opens a file and reads its head.
    pub fn open(path: &Path) -> Result<Self, CommandError> {
        let cannot = |error| CommandError::failed(format!("`{}`: {error}", path.display()));
        let mut file = BufReader::new(File::open(path).map_err(cannot)?);
        let mut line = Vec::new();
        file.read_until(b'\n', &mut line).map_err(cannot)?;
        let head = head(path, &line)?;
        let hash = Sha256::new_with_prefix(&line);
        Ok(Self { path: path.to_owned(), file, head, line, hash, rows: 0 })
    }

    /// Reads a file to its end, and says what that is.
    pub fn verify(path: &Path) -> Result<End, CommandError> {
        let mut reader = Self::open(path)?;
        loop {
            if let Some(end) = reader.advance()? {
                return Ok(end);
            }
        }
    }

    /// The first line.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Whether it was written with the very schema of this program.
    pub fn is_of_this_schema(&self) -> bool {
        self.head.schema == moving::schema()
    }

    /// The next row; `None` when all were read, and are those that were written.
    pub fn row(&mut self) -> Result<Option<Line>, CommandError> {
        if self.advance()?.is_some() {
            return Ok(None);
        }
        let line = serde_json::from_slice(&self.line);
        line.map(Some).map_err(|error| self.bad(&format!("its row {}: {error}", self.rows)))
    }

    /// Reads another line; the end, if it was the last.
    fn advance(&mut self) -> Result<Option<End>, CommandError> {
        self.line.clear();
        let read = self.file.read_until(b'\n', &mut self.line);
        read.map_err(|error| CommandError::failed(format!("`{}`: {error}", self.path.display())))?;
        if self.line.last() != Some(&b'\n') {
            return Err(self.cut());
        }
        if !self.line.starts_with(LAST) {
            self.hash.update(&self.line);
            self.rows += 1;
            return Ok(None);
        }
        let Ok(Last { end }) = serde_json::from_slice(&self.line) else {
            return Err(self.changed());
        };
        let followed = self.file.fill_buf().map_or(true, |more| !more.is_empty());
        let sha256 = hex(&self.hash.clone().finalize());
        if followed || (End { rows: self.rows, sha256 }) != end || self.rows != self.head.total() {
            return Err(self.changed());
        }
        Ok(Some(end))
    }

    fn cut(&self) -> CommandError {
        self.bad("it ends in the middle; copy it again, or export again")
    }

    fn changed(&self) -> CommandError {
        self.bad(
            "it is not as it was written, its checksum differs; copy it again, or export again",
        )
    }

    /// What is wrong with the file.
    pub fn bad(&self, fault: &str) -> CommandError {
        CommandError::bad_file(&self.path, fault)
    }
}

fn head(path: &Path, line: &[u8]) -> Result<Head, CommandError> {
    let no_export = || CommandError::bad_file(path, "it is no file of `drover export`");
    let form: Form = serde_json::from_slice(line).map_err(|_| no_export())?;
    let newer = || {
        CommandError::bad_file(path, "a newer drover wrote it; update this one to at least that")
    };
    if form.drover_export > FORMAT {
        return Err(newer());
    }
    let head: Head = serde_json::from_slice(line).map_err(|_| no_export())?;
    let named = OrganizationCreate { name: head.organization.clone(), owner_email: None };
    let mut violations = Violations::default();
    named.check(&mut violations);
    violations.finish().map_err(|_| no_export())?;
    let known = moving::schema();
    if head.schema.iter().any(|migration| !known.contains(migration)) {
        return Err(newer());
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write;

    use serde_json::json;

    use super::super::Writer;
    use super::*;
    use crate::exit::Exit;

    fn export(folder: &Path) -> Vec<u8> {
        let path = folder.join("written");
        let head = Head {
            drover_export: FORMAT,
            drover: "0".into(),
            schema: moving::schema(),
            organization: "acme".into(),
            exported_at: String::new(),
            open_executions: 0,
            rows: BTreeMap::from([("jobs".into(), 2)]),
        };
        let mut writer = Writer::begin(Box::new(File::create(&path).unwrap()), &head).unwrap();
        for name in ["one", "two"] {
            let row = json!({"name": name}).as_object().unwrap().clone();
            writer.row(&Line { table: "jobs".into(), row }).unwrap();
        }
        writer.end().unwrap();
        std::fs::read(path).unwrap()
    }

    fn fault(folder: &Path, bytes: &[u8]) -> Option<String> {
        let path = folder.join("read");
        File::create(&path).unwrap().write_all(bytes).unwrap();
        let error = Reader::verify(&path).err()?;
        assert_eq!(error.exit, Exit::BadFile);
        Some(error.to_string())
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        export(folder.path());
        let mut reader = Reader::open(&folder.path().join("written")).unwrap();
        assert!(reader.is_of_this_schema());
        let mut names = Vec::new();
        while let Some(line) = reader.row().unwrap() {
            names.push(line.row["name"].clone());
        }
        assert_eq!(names, ["one", "two"]);
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let whole = export(folder.path());
        assert_eq!(fault(folder.path(), &whole), None);
        for length in 0..whole.len() {
            assert!(fault(folder.path(), &whole[..length]).is_some(), "{length} bytes");
        }
    }

    #[test]
    fn a_file_that_was_changed_anywhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let whole = export(folder.path());
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(fault(folder.path(), &changed).is_some(), "byte {at}");
        }
        let twice = [whole.as_slice(), &whole].concat();
        assert!(fault(folder.path(), &twice).is_some());
    }

    #[test]
    fn a_file_of_a_newer_program_is_told_as_such() {
        let folder = tempfile::tempdir().unwrap();
        for line in [json!({"drover_export": 2}), json!({"drover_export": u32::MAX, "more": 1})] {
            let told = fault(folder.path(), format!("{line}\n").as_bytes()).unwrap();
            assert!(told.contains("newer"), "{told}");
        }
        let told = fault(folder.path(), b"{\"hello\": 1}\n").unwrap();
        assert!(told.contains("no file of `drover export`"), "{told}");
    }
}
