//! Limits of what comes in. Each request struct says its own; all violations are told at once.

use drover_domain::{Error, Result};
use serde_json::Value;

pub use drover_domain::Violation;

/// The longest prompt or prompt template, in bytes.
pub const MAX_PROMPT: usize = 256 * 1024;
/// The largest free-form JSON value, in bytes of its compact text.
pub const MAX_JSON: usize = 64 * 1024;
/// The deepest free-form JSON value.
pub const MAX_DEPTH: usize = 32;
/// The longest list of ids or words.
pub const MAX_ITEMS: usize = 1000;

/// A request that knows its limits.
pub trait Check {
    /// Adds what is wrong; adds nothing where all is well.
    fn check(&self, violations: &mut Violations);
}

/// What is wrong with a body, field by field.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Adds one, at a dotted path below the body.
    pub fn add(&mut self, field: &str, kind: &'static str, message: impl Into<String>) {
        self.0.push(Violation::body(field, kind, message));
    }
    /// A text with between `least` and `most` characters.
    pub fn text(&mut self, field: &str, value: &str, least: usize, most: usize) {
        let length = value.chars().take(most + 1).count();
        if length < least {
            self.add(
                field,
                "string_too_short",
                format!("String should have at least {least} characters"),
            );
        } else if length > most {
            self.add(
                field,
                "string_too_long",
                format!("String should have at most {most} characters"),
            );
        }
        if value.contains('\0') {
            self.add(field, "string_pattern_mismatch", "String should not contain NUL");
        }
    }
    /// A text of at most `most` characters, if it is there.
    pub fn optional_text(&mut self, field: &str, value: Option<&str>, most: usize) {
        if let Some(value) = value {
            self.text(field, value, 0, most);
        }
    }
    /// A prompt: at most [`MAX_PROMPT`] bytes.
    pub fn prompt(&mut self, field: &str, value: &str) {
        if value.len() > MAX_PROMPT {
            self.add(
                field,
                "string_too_long",
                format!("Prompt should have at most {MAX_PROMPT} bytes"),
            );
        }
        if value.contains('\0') {
            self.add(field, "string_pattern_mismatch", "Prompt should not contain NUL");
        }
    }
    /// A number within bounds.
    pub fn range(&mut self, field: &str, value: i64, least: i64, most: i64) {
        if value < least {
            self.add(
                field,
                "greater_than_equal",
                format!("Input should be greater than or equal to {least}"),
            );
        } else if value > most {
            self.add(
                field,
                "less_than_equal",
                format!("Input should be less than or equal to {most}"),
            );
        }
    }
    /// A list of at most [`MAX_ITEMS`].
    pub fn items(&mut self, field: &str, count: usize) {
        if count > MAX_ITEMS {
            self.add(field, "too_long", format!("List should have at most {MAX_ITEMS} items"));
        }
    }
    /// A free-form JSON value: bounded in size and depth, without NUL.
    pub fn json(&mut self, field: &str, value: &Value) {
        if self.size(field, value) && holds_nul(value) {
            self.add(field, "string_pattern_mismatch", "Strings should not contain NUL");
        }
    }
    /// A JSON value whose parts have been looked at: bounded in size and depth. Says whether it is.
    pub fn size(&mut self, field: &str, value: &Value) -> bool {
        if depth(value) > MAX_DEPTH {
            let rule = format!("Value should be nested at most {MAX_DEPTH} deep");
            self.add(field, "too_deep", rule);
            return false;
        }
        let fits = value.to_string().len() <= MAX_JSON;
        if !fits {
            self.add(field, "too_long", format!("Value should have at most {MAX_JSON} bytes"));
        }
        fits
    }
    /// A free-form JSON object.
    pub fn object(&mut self, field: &str, value: &Value) {
        if value.is_object() {
            self.json(field, value);
        } else {
            self.add(field, "dict_type", "Input should be an object");
        }
    }
    /// One of a set of words.
    pub fn one_of(&mut self, field: &str, value: &str, allowed: &[&str]) {
        if !allowed.contains(&value) {
            let words: Vec<_> = allowed.iter().map(|word| format!("'{word}'")).collect();
            self.add(field, "enum", format!("Input should be {}", words.join(" or ")));
        }
    }
    /// Adds ready-made ones.
    pub fn extend(&mut self, violations: impl IntoIterator<Item = Violation>) {
        self.0.extend(violations);
    }
    /// All is well, or the error that lists what is not.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value))
        }
        _ => false,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
