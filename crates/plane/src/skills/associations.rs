//! Listing the skills of an agent or environment.

use axum::Json;
use axum::extract::Path;
use drover_domain::Result;
use drover_store::skills::queries;
use drover_wire::skills::SkillResponse;

use super::{holder, show};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::Caller;

/// Lists the enabled skills of an agent or environment, with its own settings laid over theirs.
pub async fn handler(
    Caller(ctx): Caller,
    Path((kind, id)): Path<(String, String)>,
) -> Reply<Vec<SkillResponse>> {
    Ok(Json(list(&ctx, &kind, &id).await?))
}

async fn list(ctx: &Ctx, kind: &str, id: &str) -> Result<Vec<SkillResponse>> {
    let (holder, id) = holder::existing(ctx, kind, id).await?;
    let held = queries::skills_held(ctx.read(), ctx.org(), holder, &[id]).await?;
    let enabled = held.into_iter().filter(|(_, skill)| skill.enabled);
    let shown = enabled.map(|(given, mut skill)| {
        skill.configuration = show::laid_over(&skill.configuration, &given.configuration_override);
        show::response(skill)
    });
    Ok(shown.collect())
}
