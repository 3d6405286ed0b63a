//! Pages of a list.

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
}
