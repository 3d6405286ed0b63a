//! Limits of the free-form objects a job carries.

use serde_json::{Map, Value};

use crate::error::Violation;

/// How large such an object may be as compact JSON: 64 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;
/// How deep objects and lists may be nested, the outermost included.
pub const MAX_DOCUMENT_DEPTH: usize = 32;

/// Takes a field that must be an object within the limits.
pub(super) fn object(field: &str, value: Value) -> Result<Map<String, Value>, Violation> {
    let refuse = |kind, message: String| Err(Violation::body(field, kind, message));
    let object = match value {
        Value::Object(object) => object,
        _ => return refuse("dict_type", format!("{field} should be an object")),
    };
    // Depth first: writing the text recurses too.
    if object.values().any(|value| is_deeper_than(value, MAX_DOCUMENT_DEPTH - 1)) {
        let message = format!("{field} should be nested at most {MAX_DOCUMENT_DEPTH} levels deep");
        return refuse("nesting_too_deep", message);
    }
    let value = Value::Object(object);
    if value.to_string().len() > MAX_DOCUMENT_BYTES {
        let message = format!("{field} should have at most {MAX_DOCUMENT_BYTES} bytes as JSON");
        return refuse("object_too_large", message);
    }
    if has_nul(&value) {
        return refuse("value_error", format!("{field} should not contain NUL characters"));
    }
    match value {
        Value::Object(object) => Ok(object),
        _ => Ok(Map::new()),
    }
}

fn is_deeper_than(value: &Value, levels: usize) -> bool {
    let mut inner: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Object(object) => Box::new(object.values()),
        Value::Array(list) => Box::new(list.iter()),
        _ => return false,
    };
    levels == 0 || inner.any(|value| is_deeper_than(value, levels - 1))
}

/// Postgres takes no NUL in text or JSON; found here it is the caller's mistake and not our fault.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(has_nul),
        Value::Object(object) => object.iter().any(|(key, v)| key.contains('\0') || has_nul(v)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(levels: usize) -> Value {
        (1..levels).fold(json!({}), |inner, level| {
            if level % 2 == 0 { json!([inner]) } else { json!({ "k": inner }) }
        })
    }

    fn kind(value: Value) -> Option<&'static str> {
        object("config", value).err().map(|violation| violation.kind)
    }

    #[test]
    fn limits() {
        assert_eq!(kind(json!({"a": [1, null, "x"]})), None);
        assert_eq!(kind(json!([])), Some("dict_type"));
        assert_eq!(kind(json!({ "k": nested(MAX_DOCUMENT_DEPTH - 1) })), None);
        assert_eq!(kind(json!({ "k": nested(MAX_DOCUMENT_DEPTH) })), Some("nesting_too_deep"));
        // `{"a":""}` is eight bytes.
        assert_eq!(kind(json!({"a": "x".repeat(MAX_DOCUMENT_BYTES - 8)})), None);
        assert_eq!(
            kind(json!({"a": "x".repeat(MAX_DOCUMENT_BYTES - 7)})),
            Some("object_too_large")
        );
        assert_eq!(kind(json!({"a": ["\u{0}"]})), Some("value_error"));
    }
}
