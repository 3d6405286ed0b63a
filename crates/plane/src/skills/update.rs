//! Changing a skill. Its type stays.

use axum::Json;
use drover_domain::{Error, Result, SkillId, micros};
use drover_store::skills::{entity, queries};
use drover_wire::skills::{SkillResponse, SkillUpdate};

use super::{TAKEN, get, settings, show};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Tries before somebody else's writes win.
const TRIES: usize = 20;

/// Changes a skill.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<SkillId>,
    Body(body): Body<SkillUpdate>,
) -> Reply<SkillResponse> {
    let skill = update(&ctx, id, &body).await?;
    Ok(Json(show::response(skill)))
}

/// Changes what the body mentions.
async fn update(ctx: &Ctx, id: SkillId, body: &SkillUpdate) -> Result<entity::Model> {
    for _ in 1..TRIES {
        match attempt(ctx, id, body).await {
            Err(Error::Stale) => {}
            done => return done,
        }
    }
    attempt(ctx, id, body).await
}

async fn attempt(ctx: &Ctx, id: SkillId, body: &SkillUpdate) -> Result<entity::Model> {
    let old = get::get(ctx, id).await?;
    let read_at = old.updated_at;
    let mut skill = patched(old, body)?;
    skill.updated_at = micros(ctx.now()).max(read_at + 1);
    let mut set = ctx.set();
    queries::skill_update(&mut set, ctx.org(), skill.clone(), read_at, TAKEN);
    ctx.audit(&mut set, "skills.update", id);
    set.changes_catalogue(ctx.org());
    ctx.write(set).await?;
    Ok(skill)
}

fn patched(mut skill: entity::Model, body: &SkillUpdate) -> Result<entity::Model> {
    if let Some(name) = &body.name {
        skill.name.clone_from(name);
    }
    if let Some(description) = &body.description {
        // So Terraform removes an attribute.
        skill.description = Some(description.clone()).filter(|text| !text.is_empty());
    }
    if let Some(icon) = &body.icon {
        skill.icon.clone_from(icon);
    }
    if let Some(enabled) = body.enabled {
        skill.enabled = enabled;
    }
    if let Some(configuration) = &body.configuration {
        settings::check(&skill.skill_type, configuration, "configuration")?;
        skill.configuration = settings::without_nulls(configuration.clone()).into();
    }
    Ok(skill)
}
