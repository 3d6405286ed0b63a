//! Which tools an agent has, by its skills.

use std::collections::HashSet;

use drover_domain::activities::SkillGrant;
use serde_json::{Value, json};

use super::{files, python, shell};
use crate::model::ToolSpec;

/// What the model is offered. Skills of types that are not run here offer nothing. Where two skills
/// offer a tool of the same name (`file_system` and `python` both read files), the first has it,
/// and its restrictions hold.
pub fn tool_specs(skills: &[SkillGrant]) -> Vec<ToolSpec> {
    offered(skills).into_iter().map(|(_, spec)| spec).collect()
}

/// The skill that a tool's name stands for.
pub(super) fn owner<'s>(skills: &'s [SkillGrant], tool: &str) -> Option<&'s SkillGrant> {
    offered(skills).into_iter().find(|(_, spec)| spec.name == tool).map(|(skill, _)| skill)
}

fn offered(skills: &[SkillGrant]) -> Vec<(&SkillGrant, ToolSpec)> {
    let mut names = HashSet::new();
    let mut offered = Vec::new();
    for skill in skills {
        let specs = match skill.kind.as_str() {
            "shell" => shell::specs(),
            "file_system" => files::specs(skill),
            "python" => python::specs(skill),
            _ => continue,
        };
        let new = specs.into_iter().filter(|spec| names.insert(spec.name.clone()));
        offered.extend(new.map(|spec| (skill, spec)));
    }
    offered
}

/// A tool's description. `parameters` are (name, JSON type, what it is, whether it must be given).
pub(super) fn spec(name: &str, description: &str, parameters: &[Parameter]) -> ToolSpec {
    let properties: serde_json::Map<String, Value> = parameters
        .iter()
        .map(|parameter| (parameter.name.to_owned(), parameter.schema()))
        .collect();
    let required: Vec<&str> = parameters
        .iter()
        .filter(|parameter| parameter.required)
        .map(|parameter| parameter.name)
        .collect();
    ToolSpec {
        name: name.to_owned(),
        description: description.to_owned(),
        parameters: json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        }),
    }
}

/// One argument of a tool.
pub(super) struct Parameter {
    name: &'static str,
    kind: &'static str,
    description: &'static str,
    required: bool,
}

impl Parameter {
    /// One that must be given.
    pub(super) fn needed(
        name: &'static str,
        kind: &'static str,
        description: &'static str,
    ) -> Self {
        Self { name, kind, description, required: true }
    }
    /// One that may be left out.
    pub(super) fn optional(
        name: &'static str,
        kind: &'static str,
        description: &'static str,
    ) -> Self {
        Self { name, kind, description, required: false }
    }
    fn schema(&self) -> Value {
        match self.kind {
            "strings" => json!({
                "type": "array", "items": {"type": "string"}, "description": self.description,
            }),
            kind => json!({"type": kind, "description": self.description}),
        }
    }
}
