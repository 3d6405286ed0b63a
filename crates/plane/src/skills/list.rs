//! Listing skills.

use axum::Json;
use drover_domain::Result;
use drover_store::skills::queries;
use drover_wire::skills::{SkillList, SkillResponse};

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Query};

/// Lists skills, newest first, disabled ones too.
pub async fn handler(
    Caller(ctx): Caller,
    Query(query): Query<SkillList>,
) -> Reply<Vec<SkillResponse>> {
    Ok(Json(list(&ctx, &query).await?))
}

async fn list(ctx: &Ctx, query: &SkillList) -> Result<Vec<SkillResponse>> {
    let part = query.part()?;
    let skills = queries::skill_list(ctx.read(), ctx.org(), part.as_ref()).await?;
    Ok(skills.into_iter().map(show::response).collect())
}
