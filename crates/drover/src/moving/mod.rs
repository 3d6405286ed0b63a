//! An organization in a file, between two planes (`docs/moving.md`): lines of JSON, first a head, then
//! a line a row, last the number of rows and the checksum of all lines before. Not here: what rows
//! there are, and how they are read and written (`drover_store::moving`).

mod place;
mod progress;
mod reader;
mod writer;

pub use place::{Access, signing_key};
pub use progress::Progress;
pub use reader::Reader;
pub use writer::Writer;

use std::collections::BTreeMap;

use drover_store::moving::Row;
use serde::{Deserialize, Serialize};

/// The form of the file. A program reads its own and older ones.
pub const FORMAT: u32 = 1;
/// The table of keys that signed API keys elsewhere; an export adds the key of its own plane.
pub const MOVED_KEYS: &str = "moved_keys";

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Head {
    /// The form of the file, [`FORMAT`].
    pub drover_export: u32,
    /// The version of the program that wrote it.
    pub drover: String,
    /// The migrations of its database.
    pub schema: Vec<String>,
    /// Whose rows follow.
    pub organization: String,
    /// When it was written, RFC 3339.
    pub exported_at: String,
    /// Executions that are not over.
    pub open_executions: u64,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
}

/// A line between the first and the last.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    /// The row's table.
    pub table: String,
    /// Its columns.
    pub row: Row,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct Last {
    end: End,
}

/// What the last line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How many rows there are.
    pub rows: u64,
    /// SHA-256 of all bytes before the last line, in hex.
    pub sha256: String,
}

impl Head {
    /// All rows.
    pub fn total(&self) -> u64 {
        // A file may say anything.
        self.rows.values().fold(0, |sum, rows| sum.saturating_add(*rows))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
