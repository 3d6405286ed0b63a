//! Deleting a skill.

use axum::Json;
use drover_domain::{Error, Result, SkillId};
use drover_store::skills::queries;
use drover_wire::Nothing;

use super::get;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Deletes a skill, and takes it from its holders.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<SkillId>) -> Reply<Nothing> {
    delete(&ctx, id).await?;
    Ok(Json(Nothing {}))
}

async fn delete(ctx: &Ctx, id: SkillId) -> Result<()> {
    get::get(ctx, id).await?;
    let mut set = ctx.set();
    queries::skill_delete(&mut set, ctx.org(), id);
    ctx.audit(&mut set, "skills.delete", id);
    set.changes_catalogue(ctx.org());
    // Stale: somebody else deleted it since it was read.
    ctx.write(set)
        .await
        .map_err(|error| if matches!(error, Error::Stale) { get::absent(id) } else { error })
}
