//! The one printer: data on stdout, the rest on stderr, colour only where a terminal shows it.

use std::io::{self, IsTerminal, Write};

use owo_colors::OwoColorize;
use serde::Serialize;

use crate::exit::CommandError;

/// Writes to the two streams; `anstream` takes colours away where they would not be understood.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    /// Whether a person reads stdout.
    pub terminal: bool,
}

impl Printer {
    /// The process's own.
    pub fn new() -> Self {
        Self { terminal: io::stdout().is_terminal() }
    }

    /// A line of data.
    pub fn data(&self, line: &str) -> io::Result<()> {
        writeln!(anstream::stdout().lock(), "{line}")
    }

    /// Data as it is, at once: a line may come in pieces.
    pub fn piece(&self, text: &str) -> io::Result<()> {
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Data for a program, on one line.
    pub fn line(&self, value: &impl Serialize) -> Result<(), CommandError> {
        self.data(&serde_json::to_string(value)?)?;
        Ok(())
    }

    /// Data for a program; indented if a person looks on.
    pub fn json(&self, value: &impl Serialize) -> Result<(), CommandError> {
        if !self.terminal {
            return self.line(value);
        }
        self.data(&serde_json::to_string_pretty(value)?)?;
        Ok(())
    }

    /// What happens, for a person. A closed stderr is nobody's fault.
    pub fn note(&self, line: &str) {
        let _gone = writeln!(anstream::stderr().lock(), "{line}");
    }

    /// What to do next.
    pub fn hint(&self, line: &str) {
        self.note(&format!("{} {line}", "hint:".cyan().bold()));
    }

    /// What a person should know and nothing stops at.
    pub fn warn(&self, line: &str) {
        self.note(&format!("{} {line}", "warning:".yellow().bold()));
    }

    /// Why the command ends here.
    pub fn error(&self, error: &CommandError) {
        self.note(&format!("{} {error}", "error:".red().bold()));
        if let Some(hint) = error.hint_text() {
            self.hint(hint);
        }
    }
}
