//! `drover openapi`: the API's description, made from the code.

use crate::cli::Shell;
use crate::exit::{Exit, Outcome};

/// Prints it, keys sorted.
pub fn run(shell: &Shell) -> Outcome {
    shell.printer.data(&serde_json::to_string_pretty(&drover_plane::openapi())?)?;
    Ok(Exit::Done)
}
