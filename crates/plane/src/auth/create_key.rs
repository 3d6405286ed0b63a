//! Makes an API key.

use axum::Json;
use drover_domain::identity::{Identity, Role};
use drover_domain::{Error, KeyId, Result, Secret, micros};
use drover_store::WriteSet;
use drover_store::identity::api_key;
use drover_store::sea_orm::{EntityTrait, IntoActiveModel};
use drover_wire::auth::{KeyCreate, KeyReply};
use jiff::{SignedDuration, Timestamp};

use super::list_keys::view;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller};
use crate::keys::token_hash;
use crate::plane::Plane;

/// Answers the key with its token, this once.
pub async fn handler(Caller(ctx): Caller, Body(body): Body<KeyCreate>) -> Reply<KeyReply> {
    let (row, token) = create_key(&ctx, body).await?;
    Ok(Json(KeyReply { api_key: Some(token.reveal().clone()), ..view(row) }))
}

async fn create_key(ctx: &Ctx, body: KeyCreate) -> Result<(api_key::Model, Secret<String>)> {
    let role = body.role.as_deref().and_then(Role::parse).unwrap_or(Role::Member);
    if role == Role::Owner && ctx.identity().role != Role::Owner {
        return Err(Error::invalid("role", "value_error", "Role should not be above your own"));
    }
    let now = ctx.now();
    let days = body.expires_in_days.map(|days| SignedDuration::from_hours(days * 24));
    let identity = Identity { role, key_id: KeyId(ctx.uuid()), ..ctx.identity().clone() };
    let new = NewKey {
        identity: &identity,
        name: body.name,
        now,
        expires_at: days.and_then(|days| now.checked_add(days).ok()),
    };
    let mut set = ctx.set();
    let (row, token) = insert_key(ctx.plane(), &mut set, new)?;
    ctx.audit(&mut set, "auth.create_key", identity.key_id);
    ctx.write(set).await?;
    Ok((row, token))
}

/// A key about to be made.
pub(crate) struct NewKey<'a> {
    pub identity: &'a Identity,
    pub name: String,
    pub now: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// Signs a token and adds the key's row, which holds only the token's hash.
pub(crate) fn insert_key(
    plane: &Plane,
    set: &mut WriteSet,
    new: NewKey<'_>,
) -> Result<(api_key::Model, Secret<String>)> {
    let NewKey { identity, name, now, expires_at } = new;
    let token = plane.signing.sign(identity, now, expires_at)?;
    let row = api_key::Model {
        id: identity.key_id.0,
        organization_id: identity.organization.to_string(),
        user_id: identity.user_id.0,
        name,
        role: identity.role.as_str().to_owned(),
        token_hash: token_hash(token.reveal()),
        created_at: micros(now),
        expires_at: expires_at.map(micros),
        revoked_at: None,
    };
    set.add(api_key::Entity::insert(row.clone().into_active_model()));
    Ok((row, token))
}
