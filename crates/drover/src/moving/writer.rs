//! Writing an export.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{End, Head, Last, Line, hex};

/// Writes the lines of an export.
pub struct Writer {
    out: Box<dyn Write>,
    hash: Sha256,
    rows: u64,
}

impl Writer {
    /// Begins with the head.
    pub fn begin(out: Box<dyn Write>, head: &Head) -> io::Result<Self> {
        let mut writer = Self { out, hash: Sha256::new(), rows: 0 };
        writer.line(head)?;
        Ok(writer)
    }

    /// Writes a row.
    pub fn row(&mut self, line: &Line) -> io::Result<()> {
        self.rows += 1;
        self.line(line)
    }

    /// Writes the last line; what it says.
    pub fn end(mut self) -> io::Result<End> {
        let end = End { rows: self.rows, sha256: hex(&self.hash.clone().finalize()) };
        self.line(&Last { end: end.clone() })?;
        self.out.flush()?;
        Ok(end)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hash.update(&text);
        self.out.write_all(&text)
    }
}
