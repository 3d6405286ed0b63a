//! The skill types.

use axum::Json;
use drover_domain::skills::definitions;
use drover_wire::skills::{SkillTypeEntry, SkillTypes};

use crate::error::Reply;

/// Lists the skill types that are described.
pub async fn handler() -> Reply<SkillTypes> {
    let types = definitions().into_iter().map(|definition| SkillTypeEntry {
        kind: definition.kind.as_str().to_owned(),
        name: definition.name.to_owned(),
        description: definition.description.to_owned(),
        icon: definition.icon.to_owned(),
    });
    Ok(Json(SkillTypes { types: types.collect() }))
}
