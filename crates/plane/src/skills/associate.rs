//! Giving a skill to an agent or environment.

use axum::Json;
use axum::extract::Path;
use drover_domain::{Error, Result, SkillId, micros, rfc3339};
use drover_store::skills::{association, queries};
use drover_wire::skills::{AssociationCreate, AssociationResponse};

use super::{get, holder, settings};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller};

/// Gives a skill to an agent or environment.
pub async fn handler(
    Caller(ctx): Caller,
    Path((kind, id)): Path<(String, String)>,
    Body(body): Body<AssociationCreate>,
) -> Reply<AssociationResponse> {
    Ok(Json(associate(&ctx, &kind, &id, body).await?))
}

async fn associate(
    ctx: &Ctx,
    kind: &str,
    id: &str,
    body: AssociationCreate,
) -> Result<AssociationResponse> {
    let (holder, holder_id) = holder::existing(ctx, kind, id).await?;
    let malformed = |_| Error::invalid("skill_id", "uuid_parsing", "Input should be a valid UUID");
    let skill_id: SkillId = body.skill_id.parse().map_err(malformed)?;
    let skill = get::get(ctx, skill_id).await?;
    let over = settings::without_nulls(body.configuration_override.unwrap_or_default());
    settings::check(&skill.skill_type, &over, "configuration_override")?;
    let now = ctx.now();
    let given = association::Model {
        id: ctx.uuid(),
        organization_id: ctx.org().to_string(),
        skill_id: skill.id,
        entity_type: holder.as_str().to_owned(),
        entity_id: holder_id,
        configuration_override: over.into(),
        created_at: micros(now),
    };
    let response = AssociationResponse {
        message: "Skill associated successfully".into(),
        id: given.id.to_string(),
        entity_type: given.entity_type.clone(),
        entity_id: holder_id.to_string(),
        skill_id: skill_id.to_string(),
        created_at: rfc3339(now),
    };
    let mut set = ctx.set();
    holder::stays(ctx, &mut set, holder, holder_id);
    queries::skill_stays(&mut set, ctx.org(), skill_id);
    let taken = format!("Skill is already associated with this {}", holder.as_str());
    queries::association_insert(&mut set, given, &taken);
    ctx.audit(&mut set, "skills.associate", format!("{}/{holder_id}/{skill_id}", holder.as_str()));
    set.changes_catalogue(ctx.org());
    ctx.write(set).await?;
    Ok(response)
}
