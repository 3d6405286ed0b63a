//! What background tasks say in the log.

use drover_domain::Result;

/// Writes down that a task cannot do something now; it tries again by itself.
pub(crate) fn log(doing: &'static str, done: Result<()>) {
    if let Err(error) = done {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        tracing::warn!(%error, source, "cannot {doing}");
    }
}
