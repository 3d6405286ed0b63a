//! Where things are, and which packages there are: what `cargo metadata` says.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// The workspace that this program belongs to.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    #[serde(rename = "workspace_root")]
    root: PathBuf,
    target_directory: PathBuf,
    /// Its own packages, or with [`Workspace::with_dependencies`] all of them.
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// An SPDX expression.
    pub license: Option<String>,
    /// Where it comes from; nothing for our own.
    pub source: Option<String>,
    /// What its `Cargo.toml` lists.
    pub dependencies: Vec<Dependency>,
}

/// One line of a package's dependencies.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// Of the package.
    pub name: String,
    /// Nothing for an ordinary one, else `dev` or `build`.
    pub kind: Option<String>,
}

impl Workspace {
    /// Finds it from wherever `cargo xtask` was called.
    pub fn find() -> Result<Self> {
        Self::read(&["--no-deps"])
    }

    /// With every package that is built on this machine.
    pub fn with_dependencies(&self) -> Result<Self> {
        let version = process::output(&self.root, "rustc", &["-vV"])?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("`rustc -vV` names no host")?;
        Self::read(&["--locked", "--filter-platform", host])
    }

    /// A path below its root.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// Its root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A program that was built.
    pub fn program(&self, profile: &str, name: &str) -> PathBuf {
        self.target_directory.join(profile).join(name)
    }

    fn read(arguments: &[&str]) -> Result<Self> {
        let here = Path::new(".");
        let arguments = [&["metadata", "--format-version", "1"], arguments].concat();
        let text = process::output(here, "cargo", &arguments)?;
        serde_json::from_str(&text).context("cannot read what `cargo metadata` says")
    }
}
