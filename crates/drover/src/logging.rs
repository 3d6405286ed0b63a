//! Where log lines go: stderr, for people or as JSON. The data of commands is on stdout.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;
use crate::exit::CommandError;

/// What a server logs unless told otherwise.
pub const USUAL: &str = "info,sea_orm_migration=warn,sqlx=warn";

/// Starts logging. `filter` is in the form of `RUST_LOG`: `info`, `warn,drover_engine=debug`.
pub fn start(filter: &str, format: LogFormat) -> Result<(), CommandError> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        CommandError::usage(format!("`log` is not a filter: {error}"))
            .hint("use a level such as `info`, or `warn,drover_engine=debug`")
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).init(),
        LogFormat::Pretty => {
            let coloured = io::stderr().is_terminal() && colours_wanted();
            lines.with_ansi(coloured).with_target(false).init();
        }
    }
    Ok(())
}

/// As `anstream` decides it (`NO_COLOR`, `TERM=dumb`, `CLICOLOR`), so that logs and the rest agree.
fn colours_wanted() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}
