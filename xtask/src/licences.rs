//! Licences, bans and sources of dependencies, by `deny.toml`. Reads what cargo knows, so it needs
//! no network and no further program; `cargo-deny` is asked as well where it is installed.

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process;
use crate::workspace::{Package, Workspace};

/// What of `deny.toml` is checked here.
#[derive(Debug, Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
    #[serde(default)]
    clarify: Vec<Clarification>,
}

/// What is allowed for one package alone.
#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

/// The licence of a package that names none.
#[derive(Debug, Deserialize)]
struct Clarification {
    #[serde(rename = "crate")]
    name: String,
    expression: String,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Debug, Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// Checks every package that is built on this machine.
pub fn run(workspace: &Workspace) -> Result<String> {
    let text =
        std::fs::read_to_string(workspace.path("deny.toml")).context("cannot read deny.toml")?;
    let deny: Deny = toml::from_str(&text).context("deny.toml is not as expected")?;
    let packages = workspace.with_dependencies()?.packages;
    let faults: Vec<String> = packages.iter().filter_map(|package| deny.fault(package)).collect();
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    if process::output(workspace.root(), "cargo", &["deny", "--version"]).is_ok() {
        let checks = ["deny", "check", "licenses", "bans", "sources"];
        process::run(workspace.root(), "cargo", &checks)?;
    }
    Ok(format!("{} packages", packages.len()))
}

impl Deny {
    fn fault(&self, package: &Package) -> Option<String> {
        let Package { name, version, .. } = package;
        if let Some(banned) = self.bans.deny.iter().find(|banned| banned.name == *name) {
            return Some(format!("{name} {version} is banned: {}", banned.reason));
        }
        let source = package.source.as_deref()?;
        let registry = source.strip_prefix("registry+").unwrap_or(source);
        if !self.sources.allow_registry.iter().any(|allowed| allowed == registry) {
            return Some(format!("{name} {version} comes from {source}"));
        }
        let clarified = || self.licenses.clarify.iter().find(|one| one.name == *name);
        let licence = package.license.as_ref().or_else(|| Some(&clarified()?.expression));
        let Some(licence) = licence else {
            return Some(format!("{name} {version} names no licence"));
        };
        let excepted = self.licenses.exceptions.iter().filter(|one| one.name == *name);
        let allowed: Vec<_> =
            self.licenses.allow.iter().chain(excepted.flat_map(|one| &one.allow)).collect();
        let is_allowed = |one: &str| allowed.iter().any(|allowed| *allowed == one);
        match holds(licence, &is_allowed) {
            true => None,
            false => {
                Some(format!("{name} {version} has the licence {licence}, which is not allowed"))
            }
        }
    }
}

/// Whether an SPDX expression can be met: `A OR B`, `A AND B`, `(…)`, `A WITH exception`, and the
/// old `A/B`. `AND` binds closer.
fn holds(expression: &str, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any_of(&mut words, is_allowed)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut holds = all_of(words, is_allowed);
    while words.next_if_eq(&"OR").is_some() {
        holds |= all_of(words, is_allowed);
    }
    holds
}

fn all_of(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut holds = one(words, is_allowed);
    while words.next_if_eq(&"AND").is_some() {
        holds &= one(words, is_allowed);
    }
    holds
}

fn one(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    match words.next() {
        Some("(") => {
            let holds = any_of(words, is_allowed);
            words.next_if_eq(&")").is_some() && holds
        }
        Some(licence) => match words.next_if_eq(&"WITH") {
            Some(_) => {
                let exception = words.next().unwrap_or_default();
                is_allowed(&format!("{licence} WITH {exception}"))
            }
            None => is_allowed(licence),
        },
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_hold_when_they_can_be_met() {
        let holds = |text| holds(text, &|licence| ["MIT", "Unicode-3.0"].contains(&licence));
        for good in ["MIT", "GPL-3.0 OR MIT", "BSL-1.0/MIT", "(GPL-3.0 OR MIT) AND Unicode-3.0"] {
            assert!(holds(good), "{good}");
        }
        for bad in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT WITH exception", "GPL-3.0 OR MIT AND X", "(MIT"]
        {
            assert!(!holds(bad), "{bad}");
        }
    }
}
