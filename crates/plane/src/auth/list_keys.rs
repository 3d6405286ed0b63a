//! Lists API keys.

use axum::Json;
use drover_domain::{KeyId, rfc3339, timestamp};
use drover_store::identity::{api_key, queries};
use drover_wire::auth::KeyReply;

use crate::error::Reply;
use crate::extract::Caller;

/// Answers all keys of the organization, revoked ones too, newest first.
pub async fn handler(Caller(ctx): Caller) -> Reply<Vec<KeyReply>> {
    let rows = queries::key_list(ctx.read(), ctx.org()).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

pub(super) fn view(row: api_key::Model) -> KeyReply {
    let time = |at: i64| rfc3339(timestamp(at));
    KeyReply {
        id: KeyId(row.id).to_string(),
        name: row.name,
        role: row.role,
        created_at: time(row.created_at),
        expires_at: row.expires_at.map(time),
        revoked_at: row.revoked_at.map(time),
        api_key: None,
    }
}
