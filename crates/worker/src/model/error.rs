//! Why a model did not answer, in words a person can act on.

use drover_domain::activities::{Failure, Retry};

/// A failed request to a model. Its text never holds a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What sort of trouble it is.
    pub kind: ErrorKind,
    /// What happened and what to do about it.
    pub message: String,
    /// Whether another try may help.
    pub retry: Retry,
}

/// Sorts of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request cannot even be made: a bad URL, a key no header can hold.
    Setup,
    /// No connection, or none in time.
    Unreachable,
    /// No answer, or no next piece of it, in time.
    TimedOut,
    /// The provider answered with this HTTP status.
    Status(u16),
    /// The provider reported an error inside its answer.
    Reported,
    /// The answer broke off.
    Cut,
    /// The answer is not in the provider's format.
    Malformed,
    /// The answer is larger than we take.
    TooLarge,
}

impl ModelError {
    /// An error that another try does not mend.
    pub(super) fn never(kind: ErrorKind, message: String) -> Self {
        Self { kind, message, retry: Retry::Never }
    }

    /// An error that another try may mend.
    pub(super) fn backoff(kind: ErrorKind, message: String) -> Self {
        Self { kind, message, retry: Retry::Backoff }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self { message: error.message, retry: error.retry }
    }
}
