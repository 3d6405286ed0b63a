//! The ready-made configurations of all skill types.

use axum::Json;
use drover_domain::skills::definitions;
use drover_wire::skills::SkillTemplates;
use serde_json::json;

use crate::error::Reply;

/// Lists the ready-made configurations of all skill types.
pub async fn handler() -> Reply<SkillTemplates> {
    let mut templates = Vec::new();
    for definition in definitions() {
        for variant in &definition.variants {
            let mut template = json!(variant);
            template["type"] = json!(definition.kind);
            template["icon"] = variant.icon.unwrap_or(definition.icon).into();
            template["icon_type"] = definition.icon_type.into();
            templates.push(template);
        }
    }
    Ok(Json(SkillTemplates { templates }))
}
