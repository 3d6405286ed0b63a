//! Prompt placeholders: `{{word}}` (contract, jobs, "Semantics of a run", 1).
//! Not here: the context a webhook appends to a prompt.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::error::{Error, Result, Violation};

/// How long a template, and a prompt made of one, may be: 256 KiB.
pub const MAX_PROMPT_BYTES: usize = 256 * 1024;

/// The names of a template's placeholders, in order of appearance, each once.
///
/// A name is one or more letters, digits (of any script) or underscores, directly between the
/// braces: `{{ x }}` is literal text.
pub fn placeholders(template: &str) -> Vec<&str> {
    let mut seen = HashSet::new();
    Pieces { rest: template }
        .filter_map(|piece| match piece {
            Piece::Placeholder(name) => seen.insert(name).then_some(name),
            Piece::Text(_) => None,
        })
        .collect()
}

/// The template with every placeholder replaced: strings as they are, other values as compact JSON.
///
/// One pass: a value that holds `{{other}}` stays as it is, so a parameter cannot pull in another.
/// A placeholder without a parameter is refused, also when no parameters came at all; parameters
/// nobody asks for are fine.
pub fn fill(template: &str, params: &Map<String, Value>) -> Result<String> {
    let missing: Vec<_> =
        placeholders(template).into_iter().filter(|name| !params.contains_key(*name)).collect();
    if !missing.is_empty() {
        return Err(Error::Invalid(missing.into_iter().map(missing_parameter).collect()));
    }
    let mut filled = String::with_capacity(template.len());
    for piece in (Pieces { rest: template }) {
        let text = match piece {
            Piece::Text(text) => Cow::Borrowed(text),
            Piece::Placeholder(name) => params.get(name).map_or(Cow::Borrowed(""), value_text),
        };
        // Before the copy: a short template can repeat one large value many times.
        if filled.len() + text.len() > MAX_PROMPT_BYTES {
            return Err(too_long());
        }
        filled.push_str(&text);
    }
    Ok(filled)
}

fn missing_parameter(name: &str) -> Violation {
    Violation {
        loc: vec!["body".into(), "parameters".into(), name.into()],
        message: format!("The prompt template needs the parameter `{name}`"),
        kind: "missing",
    }
}

fn too_long() -> Error {
    let message = format!("The filled prompt should have at most {MAX_PROMPT_BYTES} bytes");
    Error::invalid("parameters", "string_too_long", message)
}

fn value_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// A stretch of a template.
enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Cuts a template into pieces, front to back.
struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let found = first_placeholder(self.rest);
        if let Some((0, name)) = found {
            self.rest = &self.rest[name.len() + 4..];
            return Some(Piece::Placeholder(name));
        }
        let start = found.map_or(self.rest.len(), |(start, _)| start);
        let (text, rest) = self.rest.split_at(start);
        self.rest = rest;
        Some(Piece::Text(text))
    }
}

/// Where the first placeholder starts, and its name.
fn first_placeholder(text: &str) -> Option<(usize, &str)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("{{") {
        let start = from + found;
        let inner = &text[start + 2..];
        let end = inner.find(|c: char| !is_word(c)).unwrap_or(inner.len());
        if end > 0 && inner[end..].starts_with("}}") {
            return Some((start, &inner[..end]));
        }
        // One byte on, not two: in `{{{x}}` the placeholder starts at the second brace.
        from = start + 1;
    }
    None
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn params(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn placeholders_come_in_order_and_once() {
        assert_eq!(
            placeholders("{{b}} {{a}} {{b}} {{ c }} {{}} {{größe_1}}"),
            ["b", "a", "größe_1"]
        );
        assert_eq!(placeholders("{{{x}}} {{y} }} {{z"), ["x"]);
        assert_eq!(placeholders("{{a{{b}}"), ["b"]);
        assert_eq!(placeholders("{{a.b}} {{a-b}} { {c}}"), Vec::<&str>::new());
    }

    #[test]
    fn values_are_inserted_as_text_or_compact_json() {
        let given = params(json!({
            "text": "a \"b\"", "flag": true, "none": null, "list": [1, {"k": "v"}], "extra": 1
        }));
        let filled = fill("{{text}}|{{flag}}|{{none}}|{{list}}|{{text}}", &given);
        assert_eq!(filled.unwrap(), r#"a "b"|true|null|[1,{"k":"v"}]|a "b""#);
        assert_eq!(fill("{{{text}}} {{ x }}", &given).unwrap(), "{a \"b\"} {{ x }}");
        assert_eq!(fill("", &given).unwrap(), "");
    }

    #[test]
    fn a_value_is_not_a_template() {
        let given = params(json!({"a": "{{b}}", "b": "secret", "open": "{{", "close": "b}}"}));
        assert_eq!(fill("{{a}}", &given).unwrap(), "{{b}}");
        assert_eq!(fill("{{open}}{{close}}", &given).unwrap(), "{{b}}");
    }

    #[test]
    fn every_missing_parameter_is_named_once_even_when_none_came() {
        let Err(Error::Invalid(violations)) = fill("{{b}} {{a}} {{b}}", &Map::new()) else {
            panic!("accepted");
        };
        let locations: Vec<_> = violations.iter().map(|v| v.loc.join(".")).collect();
        assert_eq!(locations, ["body.parameters.b", "body.parameters.a"]);
        assert!(violations.iter().all(|v| v.kind == "missing"));
        assert!(violations[0].message.contains("`b`"));
    }

    #[test]
    fn the_result_is_limited() {
        let given = params(json!({"x": "y".repeat(1024)}));
        assert_eq!(fill(&"{{x}}".repeat(256), &given).unwrap().len(), MAX_PROMPT_BYTES);
        assert!(matches!(fill(&"{{x}}".repeat(257), &given), Err(Error::Invalid(_))));
        assert!(matches!(fill(&"z".repeat(MAX_PROMPT_BYTES + 1), &given), Err(Error::Invalid(_))));
    }

    #[test]
    fn long_runs_of_braces_are_cheap() {
        let template = "{".repeat(MAX_PROMPT_BYTES);
        assert_eq!(fill(&template, &Map::new()).unwrap(), template);
    }

    proptest! {
        #[test]
        fn with_identity_values_filling_gives_the_template_back(template in "[{}a_ 9é]{0,60}") {
            let given = placeholders(&template)
                .into_iter()
                .map(|name| (name.to_owned(), Value::String(format!("{{{{{name}}}}}"))))
                .collect();
            prop_assert_eq!(fill(&template, &given).unwrap(), template);
        }
    }
}
