//! What a skill type offers.

use axum::Json;
use axum::extract::Path;
use drover_domain::skills::{self, Definition, SkillType};
use drover_domain::{Error, Result};
use serde_json::Value;

use super::definitions::shown;
use crate::error::Reply;

/// Shows what a skill type offers.
pub async fn handler(Path(word): Path<String>) -> Reply<Value> {
    Ok(Json(shown(&of(&word)?)))
}

/// The definition of the type of that word, or a 404.
pub(super) fn of(word: &str) -> Result<Definition> {
    let absent = || Error::not_found(format!("Skill definition not found: {word}"));
    SkillType::parse(word).and_then(skills::definition).ok_or_else(absent)
}
