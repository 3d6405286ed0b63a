//! Putting a tool call together from the fragments of a stream, whatever the server makes of
//! `index` and `id`.

use drover_domain::messages::ToolCallRequest;
use serde_json::{Map, Value};

/// Most calls taken from one answer.
pub(super) const MAX_CALLS: usize = 128;
/// Most bytes of arguments taken for one call.
pub(super) const MAX_ARGUMENTS: usize = 1 << 20;

/// A piece of a call.
#[derive(Debug, Default)]
pub(super) struct Fragment<'a> {
    pub(super) index: Option<u64>,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
}

/// The calls of one answer, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Draft>);

#[derive(Debug)]
struct Draft {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

/// The answer holds more than we take, or a call without a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CallsError {
    TooMany,
    TooLong,
    Nameless,
}

impl Calls {
    /// Adds a fragment to the call it belongs to.
    pub(super) fn add(&mut self, fragment: &Fragment<'_>) -> Result<(), CallsError> {
        let at = match self.find(fragment) {
            Some(at) => at,
            None if self.0.len() == MAX_CALLS => return Err(CallsError::TooMany),
            None => {
                // `index` is only compared, never used as a place: servers send 20000000.
                self.0.push(Draft {
                    index: fragment.index,
                    id: String::new(),
                    name: String::new(),
                    arguments: String::new(),
                });
                self.0.len() - 1
            }
        };
        let draft = &mut self.0[at];
        if draft.id.is_empty() {
            draft.id.push_str(fragment.id);
        }
        if draft.name.is_empty() {
            draft.name.push_str(fragment.name);
        }
        if draft.arguments.len() + fragment.arguments.len() > MAX_ARGUMENTS {
            return Err(CallsError::TooLong);
        }
        draft.arguments.push_str(fragment.arguments);
        Ok(())
    }

    /// The call a fragment goes on with; `None` where it begins one.
    fn find(&self, fragment: &Fragment<'_>) -> Option<usize> {
        let last_where = |test: &dyn Fn(&Draft) -> bool| self.0.iter().rposition(test);
        let same_index = || last_where(&|draft| draft.index == fragment.index);
        if !fragment.id.is_empty() {
            let same_id = last_where(&|draft| {
                draft.id == fragment.id
                    && (fragment.index.is_none() || draft.index == fragment.index)
            });
            // Some servers make up a new id for every fragment; only the first one has a name.
            return same_id.or_else(|| {
                let at = same_index()?;
                (fragment.name.is_empty() || self.0[at].id.is_empty()).then_some(at)
            });
        }
        if fragment.name.is_empty() {
            return match fragment.index {
                Some(_) => same_index(),
                None => self.0.len().checked_sub(1),
            };
        }
        // A name without an id: the same call told again, or the next one. A call whose arguments
        // are whole cannot go on.
        let at = fragment.index.and_then(|_| same_index())?;
        let draft = &self.0[at];
        let goes_on = draft.name.is_empty()
            || (draft.name == fragment.name
                && serde_json::from_str::<Value>(&draft.arguments).is_err());
        goes_on.then_some(at)
    }

    /// The finished calls. `turn` makes the ids that the server left out (or gave twice) differ
    /// from those of other turns, and come out the same when the turn is repeated.
    pub(super) fn finish(self, turn: usize) -> Result<Vec<ToolCallRequest>, CallsError> {
        let mut calls: Vec<ToolCallRequest> = Vec::with_capacity(self.0.len());
        for (number, draft) in self.0.into_iter().enumerate() {
            if draft.name.is_empty() {
                return Err(CallsError::Nameless);
            }
            let id_is_usable = !draft.id.is_empty() && calls.iter().all(|call| call.id != draft.id);
            calls.push(ToolCallRequest {
                id: match id_is_usable {
                    true => draft.id,
                    false => format!("call_{turn}_{number}"),
                },
                name: draft.name,
                arguments: parse_arguments(draft.arguments),
            });
        }
        Ok(calls)
    }
}

/// Arguments as the tool runner wants them: nothing is `{}`, what is no JSON stays text.
pub(super) fn parse_arguments(text: String) -> Value {
    if text.trim().is_empty() {
        return Value::Object(Map::new());
    }
    match serde_json::from_str(&text) {
        Ok(Value::Null) => Value::Object(Map::new()),
        Ok(value) => value,
        Err(_) => Value::String(text),
    }
}

/// Arguments as they are shown to a provider again. Anthropic takes only objects, and some servers
/// parse the text and refuse the whole conversation for a call that was no JSON.
pub(super) fn replayed_arguments(arguments: &Value) -> Value {
    match arguments {
        Value::Object(_) => arguments.clone(),
        other => serde_json::json!({ "invalid_arguments": other }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn assemble(fragments: &[(Option<u64>, &str, &str, &str)]) -> Vec<(String, String, Value)> {
        let mut calls = Calls::default();
        for &(index, id, name, arguments) in fragments {
            calls.add(&Fragment { index, id, name, arguments }).unwrap();
        }
        let calls = calls.finish(3).unwrap();
        calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
    }

    fn call(id: &str, name: &str, arguments: Value) -> (String, String, Value) {
        (id.into(), name.into(), arguments)
    }

    #[test]
    fn interleaved_calls_are_told_apart_by_index() {
        let calls = assemble(&[
            (Some(0), "a", "one", "{\"x\""),
            (Some(1), "b", "two", "{\"y\""),
            (Some(0), "", "", ":1}"),
            (Some(1), "", "", ":2}"),
        ]);
        assert_eq!(calls, [call("a", "one", json!({"x": 1})), call("b", "two", json!({"y": 2}))]);
    }

    #[test]
    fn calls_without_index_or_with_index_zero_twice_stay_two() {
        for index in [None, Some(0)] {
            let calls = assemble(&[
                (index, "a", "one", "{"),
                (index, "", "", "}"),
                (index, "b", "two", ""),
                (index, "", "", "{}"),
            ]);
            assert_eq!(calls, [call("a", "one", json!({})), call("b", "two", json!({}))]);
        }
    }

    #[test]
    fn calls_without_ids_get_ids_of_their_turn() {
        for index in [None, Some(0)] {
            let calls = assemble(&[(index, "", "one", "{}"), (index, "", "one", "{\"x\":1}")]);
            assert_eq!(
                calls,
                [call("call_3_0", "one", json!({})), call("call_3_1", "one", json!({"x": 1}))]
            );
        }
    }

    #[test]
    fn an_id_given_twice_is_replaced() {
        let calls = assemble(&[(Some(0), "a", "one", "{}"), (Some(1), "a", "two", "{}")]);
        assert_eq!(calls, [call("a", "one", json!({})), call("call_3_1", "two", json!({}))]);
    }

    #[test]
    fn a_new_id_with_every_fragment_is_still_one_call() {
        let calls = assemble(&[
            (Some(0), "a", "one", ""),
            (Some(0), "b", "", "{\"x\":"),
            (Some(0), "c", "", "1}"),
        ]);
        assert_eq!(calls, [call("a", "one", json!({"x": 1}))]);
    }

    #[test]
    fn a_name_repeated_with_every_fragment_is_still_one_call() {
        let calls = assemble(&[(Some(0), "", "one", "{\"x\":"), (Some(0), "", "one", "1}")]);
        assert_eq!(calls, [call("call_3_0", "one", json!({"x": 1}))]);
    }

    #[test]
    fn count_and_size_are_limited() {
        let mut calls = Calls::default();
        for index in 0..MAX_CALLS as u64 {
            let fragment =
                Fragment { index: Some(index * 20_000_000), name: "one", ..Fragment::default() };
            calls.add(&fragment).unwrap();
        }
        let one_more = Fragment { name: "one", ..Fragment::default() };
        assert_eq!(calls.add(&one_more), Err(CallsError::TooMany));

        let long = "x".repeat(MAX_ARGUMENTS + 1);
        let too_long = Fragment { name: "one", arguments: &long, ..Fragment::default() };
        assert_eq!(Calls::default().add(&too_long), Err(CallsError::TooLong));
    }

    #[test]
    fn arguments_that_are_no_json_stay_text_and_are_replayed_inside_an_object() {
        let value = parse_arguments("{\"x\": ".into());
        assert_eq!(value, json!("{\"x\": "));
        assert_eq!(replayed_arguments(&value), json!({"invalid_arguments": "{\"x\": "}));
        assert_eq!(parse_arguments("  ".into()), json!({}));
        assert_eq!(parse_arguments("null".into()), json!({}));
    }
}
