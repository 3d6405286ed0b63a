//! Running a program.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs it with its output shown.
pub fn run<S: AsRef<OsStr>>(directory: &Path, program: S, arguments: &[&str]) -> Result<()> {
    let shown = shown(program.as_ref(), arguments);
    println!("$ {shown}");
    let status = command(program.as_ref(), directory, arguments).status();
    let status = status.with_context(|| format!("cannot run `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Runs it with more variables and its output shown, and shows each line of its stdout to somebody
/// who reads along.
pub fn run_reading(
    directory: &Path,
    program: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
    mut line: impl FnMut(&str),
) -> Result<()> {
    let shown = shown(program.as_ref(), arguments);
    println!("$ {shown}");
    let mut command = command(program.as_ref(), directory, arguments);
    command.stdout(Stdio::piped()).envs(variables.iter().copied());
    let mut child = command.spawn().with_context(|| format!("cannot run `{shown}`"))?;
    let stdout = child.stdout.take().context("a pipe that was asked for")?;
    for text in BufReader::new(stdout).split(b'\n') {
        let text = text?;
        let text = String::from_utf8_lossy(&text);
        println!("{text}");
        line(&text);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// What it writes to stdout.
pub fn output<S: AsRef<OsStr>>(directory: &Path, program: S, arguments: &[&str]) -> Result<String> {
    let shown = shown(program.as_ref(), arguments);
    let output = command(program.as_ref(), directory, arguments).output();
    let output = output.with_context(|| format!("cannot run `{shown}`"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed ({}):\n{}", output.status, why.trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` writes no text"))
}

/// A program as if it was called from a shell. What cargo says of this package to what it runs is left
/// out: build scripts that look at it (ring's) would run again with each change between `cargo xtask`
/// and cargo itself, and half the dependencies would be compiled anew.
fn command(program: &OsStr, directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory);
    for (name, _) in std::env::vars_os() {
        let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        if of_package.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
    command
}

fn shown(program: &OsStr, arguments: &[&str]) -> String {
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy();
    [&[&*name], arguments].concat().join(" ")
}
