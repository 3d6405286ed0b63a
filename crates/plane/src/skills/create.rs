//! Making a skill.

use axum::Json;
use drover_domain::skills::{SkillType, definition, merge};
use drover_domain::{Error, Result, micros};
use drover_store::skills::{entity, queries};
use drover_wire::skills::{SkillCreate, SkillResponse};
use serde_json::{Map, Value};

use super::{TAKEN, settings, show};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller};

/// Makes a skill.
pub async fn handler(Caller(ctx): Caller, Body(body): Body<SkillCreate>) -> Reply<SkillResponse> {
    let skill = create(&ctx, body).await?;
    Ok(Json(show::response(skill)))
}

/// Makes a skill whose settings its type allows.
async fn create(ctx: &Ctx, body: SkillCreate) -> Result<entity::Model> {
    let kind = skill_type(body.type_word().unwrap_or_default())?;
    let configuration = configuration(kind, &body)?;
    let now = micros(ctx.now());
    let skill = entity::Model {
        id: ctx.uuid(),
        organization_id: ctx.org().to_string(),
        name: body.name,
        skill_type: kind.as_str().to_owned(),
        description: body.description,
        icon: body.icon.unwrap_or_else(|| "Wrench".into()),
        enabled: body.enabled.unwrap_or(true),
        configuration: configuration.into(),
        created_at: now,
        updated_at: now,
    };
    let mut set = ctx.set();
    queries::skill_insert(&mut set, skill.clone(), TAKEN);
    ctx.audit(&mut set, "skills.create", skill.id);
    set.changes_catalogue(ctx.org());
    ctx.write(set).await?;
    Ok(skill)
}

/// The type of that word, or the contract's refusal.
pub(super) fn skill_type(word: &str) -> Result<SkillType> {
    SkillType::parse(word).ok_or_else(|| Error::refused(format!("Invalid skill type: {word}")))
}

/// What was sent, laid over the variant it names.
fn configuration(kind: SkillType, body: &SkillCreate) -> Result<Map<String, Value>> {
    let given = settings::without_nulls(body.configuration.clone().unwrap_or_default());
    settings::check(kind.as_str(), &given, "configuration")?;
    let Some(id) = body.variant.as_deref().filter(|id| !id.is_empty()) else {
        return Ok(given);
    };
    let definition = definition(kind);
    let variant = definition.iter().flat_map(|one| &one.variants).find(|one| one.id == id);
    match variant {
        Some(variant) => Ok(merge(&variant.configuration, &given)),
        None => {
            let message = format!("Skill type {} has no such variant", kind.as_str());
            Err(Error::invalid("variant", "not_found", message))
        }
    }
}
