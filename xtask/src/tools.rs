//! What the tests need beside cargo: two parts of the Rust toolchain, and Python, in which one kind
//! of skill runs its code.

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Each with what to do where it is missing.
const NEEDED: [(&[&str], &str); 4] = [
    (&["cargo", "fmt", "--version"], "run `rustup component add rustfmt`"),
    (&["cargo", "clippy", "--version"], "run `rustup component add clippy`"),
    (
        &["cc", "--version"],
        "install a C compiler, which SQLite is built with: `apt-get install build-essential`",
    ),
    (
        &[
            "python3",
            "-c",
            "import sys; assert sys.version_info >= (3, 9), sys.version; print(sys.version)",
        ],
        "install Python 3.9 or newer: `apt-get install python3`",
    ),
];

/// Says everything that is missing at once.
pub fn check(workspace: &Workspace) -> Result<String> {
    let mut missing = Vec::new();
    for (command, remedy) in NEEDED {
        match process::output(workspace.root(), command[0], &command[1..]) {
            Ok(version) => println!("   {}", version.lines().next().unwrap_or_default()),
            Err(error) => missing.push(format!("{error:#}\n    {remedy}")),
        }
    }
    if missing.is_empty() {
        return Ok(String::new());
    }
    bail!("this machine lacks:\n  {}", missing.join("\n  "))
}
