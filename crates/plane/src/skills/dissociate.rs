//! Taking a skill from an agent or environment.

use axum::Json;
use axum::extract::Path;
use drover_domain::{Result, SkillId};
use drover_store::skills::queries;
use drover_wire::Nothing;

use super::holder;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, path_id};

/// Takes a skill from an agent or environment; says so also where it did not have it.
pub async fn handler(
    Caller(ctx): Caller,
    Path((kind, id, skill)): Path<(String, String, String)>,
) -> Reply<Nothing> {
    dissociate(&ctx, &kind, &id, &skill).await?;
    Ok(Json(Nothing {}))
}

async fn dissociate(ctx: &Ctx, kind: &str, id: &str, skill: &str) -> Result<()> {
    let (holder, id) = holder::parse(kind, id)?;
    let skill: SkillId = path_id("skill_id", skill)?;
    let Some(holder) = holder else {
        return Ok(());
    };
    let held = queries::skills_held(ctx.read(), ctx.org(), holder, &[id]).await?;
    if !held.iter().any(|(_, one)| one.id == skill.0) {
        return Ok(());
    }
    let mut set = ctx.set();
    queries::association_delete(&mut set, ctx.org(), holder, id, skill);
    ctx.audit(&mut set, "skills.dissociate", format!("{}/{id}/{skill}", holder.as_str()));
    set.changes_catalogue(ctx.org());
    ctx.write(set).await
}
