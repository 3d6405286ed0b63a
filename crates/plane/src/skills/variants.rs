//! The ready-made configurations of a skill type.

use axum::Json;
use axum::extract::Path;
use drover_wire::skills::SkillVariants;
use serde_json::json;

use super::definition;
use crate::error::Reply;

/// Lists the ready-made configurations of a skill type.
pub async fn handler(Path(word): Path<String>) -> Reply<SkillVariants> {
    let definition = definition::of(&word)?;
    Ok(Json(SkillVariants {
        kind: word,
        name: definition.name.to_owned(),
        variants: definition.variants.iter().map(|variant| json!(variant)).collect(),
    }))
}
