//! Skills as they are shown.

use drover_domain::skills::merge;
use drover_domain::{rfc3339, timestamp};
use drover_store::skills::{association, entity};
use drover_wire::skills::{SkillResponse, SkillSummary};
use serde_json::{Map, Value};

/// A skill by itself.
pub(super) fn response(skill: entity::Model) -> SkillResponse {
    SkillResponse {
        id: skill.id.to_string(),
        organization_id: skill.organization_id,
        name: skill.name,
        kind: skill.skill_type.clone(),
        skill_type: skill.skill_type,
        description: skill.description,
        icon: skill.icon,
        enabled: skill.enabled,
        configuration: skill.configuration,
        created_at: rfc3339(timestamp(skill.created_at)),
        updated_at: rfc3339(timestamp(skill.updated_at)),
    }
}

/// A skill as its holder shows it; none if it is disabled.
pub(crate) fn summary(given: &association::Model, skill: entity::Model) -> Option<SkillSummary> {
    skill.enabled.then(|| SkillSummary {
        id: skill.id.to_string(),
        configuration: laid_over(&skill.configuration, &given.configuration_override),
        name: skill.name,
        kind: skill.skill_type,
        description: skill.description,
        enabled: true,
    })
}

/// Settings with others laid over them, key by key.
pub(super) fn laid_over(settings: &Value, over: &Value) -> Value {
    let nothing = Map::new();
    let settings = settings.as_object().unwrap_or(&nothing);
    merge(settings, over.as_object().unwrap_or(&nothing)).into()
}
