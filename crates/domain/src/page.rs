//! Pages of a list.

use std::str::FromStr;

use crate::{Error, Result, Violation};

/// The largest page.
pub const MAX_PAGE: u64 = 500;
/// The furthest offset; beyond it a cursor is the way.
pub const MAX_SKIP: u64 = 10_000;

/// Which part of a list is wanted. `after` is a keyset cursor (an opaque text made by the server),
/// `skip` the reference's offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Rows to pass over, at most [`MAX_SKIP`].
    pub skip: u64,
    /// Rows to return, at most [`MAX_PAGE`].
    pub limit: u64,
    /// Only what comes after this row.
    pub after: Option<String>,
}

impl Page {
    /// The first `limit` rows.
    pub fn first(limit: u64) -> Self {
        Self { skip: 0, limit, after: None }
    }

    /// The row after which it begins, where a cursor says so; the cursor is its id.
    ///
    /// # Errors
    /// Invalid if the server has not made the cursor.
    pub fn cursor<T: FromStr>(&self) -> Result<Option<T>> {
        let Some(text) = &self.after else {
            return Ok(None);
        };
        let rule = "Cursor should be one that the server gave out";
        let strange = |_| Error::Invalid(vec![Violation::query("cursor", "value_error", rule)]);
        text.parse::<T>().map(Some).map_err(strange)
    }
}
