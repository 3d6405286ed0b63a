//! Revokes an API key.

use axum::Json;
use drover_domain::{Error, KeyId, Result, micros};
use drover_store::identity::api_key::{self, Column, Entity};
use drover_store::identity::queries;
use drover_store::sea_orm::sea_query::Expr;
use drover_store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use drover_wire::auth::KeyReply;

use super::list_keys::view;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers the key, which no longer works; a second time changes nothing.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<KeyId>) -> Reply<KeyReply> {
    Ok(Json(view(revoke_key(&ctx, id).await?)))
}

async fn revoke_key(ctx: &Ctx, id: KeyId) -> Result<api_key::Model> {
    let row = queries::key_get(ctx.read(), ctx.org(), id).await?;
    let mut row = row.ok_or_else(|| Error::not_found("API key not found"))?;
    if row.revoked_at.is_some() {
        return Ok(row);
    }
    row.revoked_at = Some(micros(ctx.now()));
    let mut set = ctx.set();
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::value(row.revoked_at))
            .filter(Column::Id.eq(id.0))
            .filter(Column::OrganizationId.eq(ctx.org().as_str())),
    );
    ctx.audit(&mut set, "auth.revoke_key", id);
    // Remembered identities go with the catalogue.
    set.changes_catalogue(ctx.org());
    ctx.write(set).await?;
    Ok(row)
}
