//! The variables of the configuration: which key each of them sets, and how a fault is told by the
//! name that a person has written.

use std::collections::BTreeMap;
use std::path::Path;

use figment::error::Kind;
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use crate::exit::CommandError;

/// The name of the layer of variables.
const ENVIRONMENT: &str = "environment";

/// What a variable's text is read as.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Number,
    Switch,
}

/// The keys with their variables.
const VARIABLES: [(&str, &str, Shape); 31] = [
    ("data_dir", "DROVER_DATA_DIR", Shape::Text),
    ("database_url", "DROVER_DATABASE_URL", Shape::Text),
    ("database_readers", "DROVER_DATABASE_READERS", Shape::Number),
    ("database_writers", "DROVER_DATABASE_WRITERS", Shape::Number),
    ("signing_key", "DROVER_SIGNING_KEY", Shape::Text),
    ("signing_key_file", "DROVER_SIGNING_KEY_FILE", Shape::Text),
    ("drain_seconds", "DROVER_DRAIN_SECONDS", Shape::Number),
    ("stuck_after_seconds", "DROVER_STUCK_AFTER_SECONDS", Shape::Number),
    ("temporal_address", "DROVER_TEMPORAL_ADDRESS", Shape::Text),
    ("temporal_namespace", "DROVER_TEMPORAL_NAMESPACE", Shape::Text),
    ("temporal_api_key", "DROVER_TEMPORAL_API_KEY", Shape::Text),
    ("temporal_authority", "DROVER_TEMPORAL_AUTHORITY", Shape::Text),
    ("listen", "DROVER_LISTEN", Shape::Text),
    ("public_url", "DROVER_PUBLIC_URL", Shape::Text),
    ("workspaces_dir", "DROVER_WORKSPACES_DIR", Shape::Text),
    ("log", "DROVER_LOG", Shape::Text),
    ("log_format", "DROVER_LOG_FORMAT", Shape::Text),
    ("max_model_calls", "DROVER_MAX_MODEL_CALLS", Shape::Number),
    ("max_tool_processes", "DROVER_MAX_TOOL_PROCESSES", Shape::Number),
    ("allow_unwalled_tools", "DROVER_ALLOW_UNWALLED_TOOLS", Shape::Switch),
    ("default_model", "DROVER_DEFAULT_MODEL", Shape::Text),
    ("openai_api_key", "OPENAI_API_KEY", Shape::Text),
    ("openai_base_url", "OPENAI_BASE_URL", Shape::Text),
    ("anthropic_api_key", "ANTHROPIC_API_KEY", Shape::Text),
    ("anthropic_base_url", "ANTHROPIC_BASE_URL", Shape::Text),
    ("ollama_host", "OLLAMA_HOST", Shape::Text),
    ("worker_temporal_address", "DROVER_WORKER_TEMPORAL_ADDRESS", Shape::Text),
    ("worker_llm_url", "LITELLM_API_URL", Shape::Text),
    ("worker_llm_key", "LITELLM_API_KEY", Shape::Text),
    ("url", "DROVER_URL", Shape::Text),
    ("api_key", "DROVER_API_KEY", Shape::Text),
];

/// The environment as a layer. Empty variables count as absent; unknown ones are not ours to judge.
pub struct Variables<'a>(pub &'a BTreeMap<String, String>);

impl Provider for Variables<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(ENVIRONMENT)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let given = VARIABLES.iter().filter_map(|(key, variable, shape)| {
            let text = self.0.get(*variable).filter(|text| !text.trim().is_empty())?;
            Some(((*key).to_owned(), shape.read(text.trim())))
        });
        Ok(Profile::Global.collect(given.collect()))
    }
}

impl Shape {
    /// What cannot be read stays a text, and is refused with its name where the key is taken.
    fn read(self, text: &str) -> Value {
        match self {
            Self::Text => text.into(),
            Self::Number => text.parse::<u64>().map_or_else(|_| text.into(), Value::from),
            Self::Switch => match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => true.into(),
                "0" | "false" | "no" | "off" => false.into(),
                _ => text.into(),
            },
        }
    }
}

/// The first fault, with the name of its key and where that was set.
pub fn explain(error: &figment::Error, file: &Path) -> CommandError {
    let file = file.display();
    let key = error.path.last().map(String::as_str).unwrap_or_default();
    let variable = VARIABLES.iter().find(|(one, ..)| *one == key).map(|(_, variable, _)| *variable);
    let layer = error.metadata.as_ref().map_or("", |metadata| &metadata.name);
    let place = match variable {
        Some(variable) if layer == ENVIRONMENT => format!("`{variable}`"),
        Some(_) if layer.starts_with("TOML") => format!("`{key}` in `{file}`"),
        Some(_) => format!("`--{}`", key.replace('_', "-")),
        None => format!("`{file}`"),
    };
    // A value is not repeated: it may be a secret that went to the wrong key.
    match &error.kind {
        Kind::UnknownField(field, _) => {
            let known: Vec<_> = VARIABLES.iter().map(|(key, ..)| *key).collect();
            CommandError::usage(format!("`{field}` in `{file}` is not a key of the configuration"))
                .hint(format!("the keys are {}", known.join(", ")))
        }
        Kind::UnknownVariant(_, words) => {
            CommandError::usage(format!("{place} should be {}", words.join(" or ")))
        }
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            CommandError::usage(format!("{place} should be {}", plain(expected)))
        }
        Kind::Message(message) => CommandError::usage(format!("{place}: {}", message.trim())),
        other => CommandError::usage(format!("{place}: {other}")),
    }
}

/// A type of Rust in words.
fn plain(expected: &str) -> &str {
    match expected {
        "usize" | "u64" => "a whole number",
        "a boolean" => "true or false",
        other => other,
    }
}
