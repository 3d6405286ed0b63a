//! The list of what is missing against the contract.

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Deserialize;

/// Findings that have one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Each as `cargo xtask openapi --findings` prints it.
    what: Vec<String>,
    /// Why it is so.
    reason: String,
    /// `issue N`, or a named step.
    ends_with: String,
}

/// Reads the list.
pub fn parse(text: &str) -> Result<Vec<Entry>> {
    Ok(serde_json::from_str(text)?)
}

/// Where list and findings differ, and entries that say nothing.
pub fn faults(listed: &[Entry], findings: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in listed {
        let named = entry.what.first().map_or("an entry", String::as_str);
        for (field, text) in [("reason", &entry.reason), ("ends_with", &entry.ends_with)] {
            if text.trim().is_empty() {
                faults.push(format!("`{named}`: `{field}` is empty"));
            }
        }
        for what in &entry.what {
            if !seen.insert(what.clone()) {
                faults.push(format!("`{what}` is listed twice"));
            }
        }
    }
    let unlisted = findings.difference(&seen);
    faults.extend(unlisted.map(|what| {
        format!("`{what}` is missing or differs and is not listed: build it, or the contract is broken anew")
    }));
    let ended = seen.difference(findings);
    faults.extend(
        ended.map(|what| format!("`{what}` is no longer so: remove it, the list only shrinks")),
    );
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_says_what_is_missing_and_nothing_else() {
        let listed =
            r#"[{"what": ["GET /a", "GET /b"], "reason": "later", "ends_with": "issue 4"}]"#;
        let listed = parse(listed).unwrap();
        let findings = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
        assert_eq!(faults(&listed, &findings(&["GET /a", "GET /b"])), [""; 0]);
        assert!(faults(&listed, &findings(&["GET /a"]))[0].contains("`GET /b` is no longer so"));
        assert_eq!(faults(&listed, &findings(&["GET /a", "GET /b", "GET /c"])).len(), 1);
        let silent = parse(r#"[{"what": ["GET /a", "GET /a"], "reason": " ", "ends_with": "x"}]"#);
        assert_eq!(faults(&silent.unwrap(), &findings(&["GET /a"])).len(), 2);
        assert!(parse(r#"[{"what": "GET /a", "reason": "", "ends_with": ""}]"#).is_err());
    }
}
