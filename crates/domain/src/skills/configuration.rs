//! The settings of a skill: what their known keys may hold, and how layers are laid over each other.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::kind::SkillType;
use crate::error::Violation;

/// What a known key may hold.
enum Rule {
    Flag,
    Text,
    Texts,
    Whole(RangeInclusive<i64>),
}

/// Checks the keys that a type knows. Unknown keys are kept, null counts as absent, and types
/// without rules take anything.
///
/// What is out of range is refused and not clamped: a client compares what it gets back with what it
/// sent.
pub fn validate_configuration(
    kind: &str,
    configuration: &Map<String, Value>,
) -> Result<(), Vec<Violation>> {
    let violations: Vec<_> = SkillType::parse(kind)
        .map_or(&[][..], rules)
        .iter()
        .filter_map(|(key, rule)| violation(key, rule, configuration.get(*key)?))
        .collect();
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// A configuration with an override laid over it: an override's key replaces the whole value.
pub fn merge(base: &Map<String, Value>, over: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = base.clone();
    merged.extend(over.iter().map(|(key, value)| (key.clone(), value.clone())));
    merged
}

fn rules(kind: SkillType) -> &'static [(&'static str, Rule)] {
    match kind {
        SkillType::FileSystem => &[
            ("enable_save_file", Rule::Flag),
            ("enable_read_file", Rule::Flag),
            ("enable_list_files", Rule::Flag),
            ("enable_search_files", Rule::Flag),
            ("base_dir", Rule::Text),
            ("base_directory", Rule::Text),
            ("allowed_extensions", Rule::Texts),
            ("read_only", Rule::Flag),
            // Megabytes.
            ("max_file_size", Rule::Whole(1..=1000)),
        ],
        SkillType::Shell => &[
            ("timeout", Rule::Whole(1..=600)),
            ("allowed_commands", Rule::Texts),
            ("blocked_commands", Rule::Texts),
            ("working_directory", Rule::Text),
            ("usage_guidelines", Rule::Text),
            ("environment_context", Rule::Text),
            ("shell_binary", Rule::Text),
            ("shell_args", Rule::Texts),
        ],
        SkillType::Python => &[
            ("enable_code_execution", Rule::Flag),
            ("allowed_imports", Rule::Texts),
            ("blocked_imports", Rule::Texts),
            ("timeout", Rule::Whole(1..=300)),
        ],
        _ => &[],
    }
}

fn violation(key: &str, rule: &Rule, value: &Value) -> Option<Violation> {
    let (fits, kind, wanted) = match rule {
        _ if value.is_null() => return None,
        Rule::Flag => (value.is_boolean(), "bool_type", "true or false".to_owned()),
        Rule::Text => (value.is_string(), "string_type", "a text".to_owned()),
        Rule::Texts => (is_texts(value), "list_type", "a list of texts, none empty".to_owned()),
        Rule::Whole(range) => {
            let fits = value.as_i64().is_some_and(|number| range.contains(&number));
            let wanted = format!("a whole number from {} to {}", range.start(), range.end());
            (fits, "int_range", wanted)
        }
    };
    let message = || format!("{key} should be {wanted}");
    (!fits).then(|| Violation {
        loc: vec!["body".into(), "configuration".into(), key.into()],
        message: message(),
        kind,
    })
}

/// An empty command or module in a list would match nothing, or, read carelessly, everything.
fn is_texts(value: &Value) -> bool {
    let full = |item: &Value| item.as_str().is_some_and(|text| !text.trim().is_empty());
    value.as_array().is_some_and(|list| list.iter().all(full))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    fn refused(kind: &str, configuration: Value) -> Vec<String> {
        let violations = validate_configuration(kind, &map(configuration)).unwrap_err();
        violations.iter().map(|v| format!("{} {}", v.loc[2], v.kind)).collect()
    }

    #[test]
    fn known_keys_are_checked_all_at_once() {
        let shell = json!({
            "timeout": 601, "allowed_commands": "ls", "shell_args": ["-x", 1],
            "working_directory": 7, "own": {"kept": true}, "blocked_commands": null,
        });
        assert_eq!(
            refused("shell", shell),
            [
                "timeout int_range",
                "allowed_commands list_type",
                "working_directory string_type",
                "shell_args list_type",
            ]
        );
        assert_eq!(
            refused("shell", json!({"blocked_commands": ["rm", ""]})),
            ["blocked_commands list_type"]
        );
        assert_eq!(
            refused("file_system", json!({"enable_save_file": "yes", "max_file_size": 0})),
            ["enable_save_file bool_type", "max_file_size int_range",]
        );
    }

    #[test]
    fn timeouts_have_the_types_cap() {
        for (kind, cap) in [("shell", 600), ("python", 300)] {
            let of =
                |seconds: Value| validate_configuration(kind, &map(json!({"timeout": seconds})));
            assert_eq!(of(json!(1)), Ok(()));
            assert_eq!(of(json!(cap)), Ok(()));
            for bad in [json!(0), json!(-1), json!(cap + 1), json!(1.5), json!("30"), json!(1e300)]
            {
                assert!(of(bad.clone()).is_err(), "{kind} {bad}");
            }
        }
    }

    #[test]
    fn other_types_take_anything() {
        let anything = map(json!({"timeout": "soon"}));
        for kind in ["custom", "slack", "no such type"] {
            assert_eq!(validate_configuration(kind, &anything), Ok(()));
        }
    }

    #[test]
    fn merging_is_shallow() {
        let base = map(json!({"timeout": 30, "nested": {"a": 1}, "kept": 1}));
        let over = map(json!({"timeout": 60, "nested": {"b": 2}, "new": null}));
        let merged = merge(&base, &over);
        assert_eq!(
            Value::Object(merged),
            json!({
                "timeout": 60, "nested": {"b": 2}, "kept": 1, "new": null
            })
        );
    }
}
