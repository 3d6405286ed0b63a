//! The settings of a skill as they come in.

use drover_domain::skills::validate_configuration;
use drover_domain::{Error, Result, Violation};
use serde_json::{Map, Value};

/// Refuses settings that the type forbids; `field` is where the body has them.
pub(crate) fn check(kind: &str, settings: &Map<String, Value>, field: &str) -> Result<()> {
    let below = |fault: Violation| {
        let key = fault.loc.last().cloned().unwrap_or_default();
        Violation::body(&format!("{field}.{key}"), fault.kind, fault.message)
    };
    validate_configuration(kind, settings)
        .map_err(|faults| Error::Invalid(faults.into_iter().map(below).collect()))
}

/// Settings without the keys that are null. A null must not lift what a layer below restricts.
pub(crate) fn without_nulls(settings: Map<String, Value>) -> Map<String, Value> {
    settings.into_iter().filter(|(_, value)| !value.is_null()).collect()
}
