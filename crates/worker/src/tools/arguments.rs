//! Arguments and configuration, parsed at the edge into the struct of one tool or skill.

use drover_domain::activities::SkillGrant;
use drover_domain::messages::ToolCallRequest;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::answer::Stop;

/// The arguments of a call. A model sends them as an object, some as the text of one.
pub(super) fn arguments<T: DeserializeOwned>(request: &ToolCallRequest) -> Result<T, Stop> {
    let wrong = |why: String| {
        Stop::refused(format!("The arguments of `{}` are not valid: {why}.", request.name))
    };
    let object = match &request.arguments {
        Value::Null => Value::Object(Map::new()),
        Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
        Value::String(text) => {
            serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?
        }
        other => other.clone(),
    };
    if !object.is_object() {
        return Err(wrong("a JSON object is expected".to_owned()));
    }
    read(object).map_err(wrong)
}

/// The configuration of a skill. One that cannot be read is never taken for an empty one: it may
/// hold the very restriction that matters.
pub(super) fn configuration<T: DeserializeOwned>(skill: &SkillGrant) -> Result<T, Stop> {
    let object = match &skill.configuration {
        Value::Null => Value::Object(Map::new()),
        other => other.clone(),
    };
    read(object).map_err(|why| {
        Stop::refused(format!(
            "The configuration of the skill `{}` is not valid: {why}.",
            skill.name
        ))
    })
}

/// Reads a value; an error says where it is.
fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| match error.path().iter().next() {
        Some(_) => format!("`{}`: {}", error.path(), error.inner()),
        None => error.into_inner().to_string(),
    })
}
