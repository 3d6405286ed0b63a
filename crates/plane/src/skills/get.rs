//! Showing a skill.

use axum::Json;
use drover_domain::{Error, Result, SkillId};
use drover_store::skills::{entity, queries};
use drover_wire::skills::SkillResponse;

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Shows a skill.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<SkillId>) -> Reply<SkillResponse> {
    Ok(Json(show::response(get(&ctx, id).await?)))
}

/// A skill, or the contract's 404.
pub(super) async fn get(ctx: &Ctx, id: SkillId) -> Result<entity::Model> {
    let found = queries::skill_get(ctx.read(), ctx.org(), id).await?;
    found.ok_or_else(|| absent(id))
}

/// That there is no such skill.
pub(super) fn absent(id: SkillId) -> Error {
    Error::not_found(format!("Skill {id} not found"))
}
