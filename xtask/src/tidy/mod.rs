//! The house rules that can be checked by reading: files (`sources`), and which crate may know
//! which (`arrows`).

mod arrows;
mod sources;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// Fails with everything it finds; long files are only told of.
pub fn run(workspace: &Workspace) -> Result<String> {
    let found = sources::read(workspace.root())?;
    for long in &found.long {
        println!("   note: {long}: does it hold two things?");
    }
    let faults = [found.faults, arrows::faults(&workspace.packages)].concat();
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(format!("{} files", found.files))
}
