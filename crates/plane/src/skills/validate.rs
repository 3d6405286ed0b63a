//! Checking a configuration of a skill type. Nothing of it is executed.

use axum::Json;
use axum::extract::Path;
use drover_domain::skills::validate_configuration;
use drover_domain::{Error, Result};
use drover_wire::skills::{SkillConfiguration, ValidConfiguration};

use super::{create, definition, settings};
use crate::error::Reply;
use crate::extract::Body;

/// Checks a configuration of a skill type, and shows it as it would be stored.
pub async fn handler(
    Path(word): Path<String>,
    Body(body): Body<SkillConfiguration>,
) -> Reply<ValidConfiguration> {
    Ok(Json(validate(&word, body)?))
}

fn validate(word: &str, body: SkillConfiguration) -> Result<ValidConfiguration> {
    create::skill_type(word)?;
    definition::of(word)?;
    validate_configuration(word, &body.0).map_err(|faults| {
        let faults: Vec<_> = faults.into_iter().map(|fault| fault.message).collect();
        Error::refused(format!("Invalid configuration: {}", faults.join("; ")))
    })?;
    Ok(ValidConfiguration { valid: true, configuration: settings::without_nulls(body.0) })
}
