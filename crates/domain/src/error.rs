//! The one error of the crates below `plane`: an answer for the caller, or a fault with its source.
//! HTTP statuses are chosen once, in `plane/src/error.rs`.

use std::error::Error as StdError;
use std::fmt;

/// Shorthand for results with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. `Display` says what was attempted or what the caller should know; the source
/// chain is for the log and never for the wire.
#[derive(Debug)]
pub enum Error {
    /// The thing is not there, or not the caller's. The text is the contract's `detail`.
    NotFound(String),
    /// The request is understood and cannot be done in this state (400).
    Refused(String),
    /// It collides with something that exists, or with another writer (409).
    Conflict(String),
    /// A field is wrong (422): location, message, machine-readable type.
    Invalid(Vec<Violation>),
    /// The caller may not do this (403).
    Forbidden(String),
    /// The thing is gone for good (410).
    Gone(String),
    /// Too much at once, or the disk refuses: worth another try later (503).
    Unavailable(String),
    /// A write's guard did not hold: somebody else was first. Read again and decide again.
    Stale,
    /// Our own fault (500): what was attempted, and why it failed.
    Fault {
        /// What was attempted: `save job`.
        doing: &'static str,
        /// Why it failed.
        source: Box<dyn StdError + Send + Sync>,
    },
}

/// One wrong field, in the shape of the contract's 422 items.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Where: `["body", "name"]`; digits are list indexes.
    pub loc: Vec<String>,
    /// What would be right, for a person.
    pub message: String,
    /// For a program: `missing`, `string_too_long`, …
    pub kind: &'static str,
}

impl Error {
    /// A single wrong field of the body.
    pub fn invalid(field: &str, kind: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::body(field, kind, message)])
    }
    /// A thing that is not there.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::NotFound(detail.into())
    }
    /// A request that cannot be done in this state.
    pub fn refused(detail: impl Into<String>) -> Self {
        Self::Refused(detail.into())
    }
    /// A collision.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::Conflict(detail.into())
    }
    /// A fault without an error of its own.
    pub fn fault(doing: &'static str, why: impl Into<String>) -> Self {
        Self::Fault { doing, source: why.into().into() }
    }
}

impl Violation {
    /// A violation at a dotted path below the body: `execution_environment.env_vars`.
    pub fn body(field: &str, kind: &'static str, message: impl Into<String>) -> Self {
        let loc = std::iter::once("body").chain(field.split('.').filter(|part| !part.is_empty()));
        Self { loc: loc.map(str::to_owned).collect(), message: message.into(), kind }
    }
    /// A violation in the query string.
    pub fn query(field: &str, kind: &'static str, message: impl Into<String>) -> Self {
        Self { loc: vec!["query".into(), field.into()], message: message.into(), kind }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(detail)
            | Self::Refused(detail)
            | Self::Conflict(detail)
            | Self::Forbidden(detail)
            | Self::Gone(detail)
            | Self::Unavailable(detail) => f.write_str(detail),
            Self::Invalid(violations) => {
                let fields: Vec<_> = violations.iter().map(|v| v.loc.join(".")).collect();
                write!(f, "invalid: {}", fields.join(", "))
            }
            Self::Stale => f.write_str("somebody else changed it first"),
            Self::Fault { doing, .. } => write!(f, "failed to {doing}"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Fault { source, .. } => Some(source.as_ref()),
            _ => None,
        }
    }
}

/// Names what was attempted when a foreign error crosses a seam: `.doing("save job")?`.
pub trait Doing<T> {
    /// Wraps the error as a fault of `doing`.
    fn doing(self, doing: &'static str) -> Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Doing<T> for std::result::Result<T, E> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|source| Error::Fault { doing, source: source.into() })
    }
}
