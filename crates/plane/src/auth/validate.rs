//! Who the caller's key belongs to.

use axum::Json;
use drover_wire::auth::IdentityReply;

use crate::error::Reply;
use crate::extract::Caller;

/// Answers the identity object (contract, auth §1.3).
pub async fn handler(Caller(ctx): Caller) -> Reply<IdentityReply> {
    let identity = ctx.identity();
    let organization = identity.organization.to_string();
    Ok(Json(IdentityReply {
        id: organization.clone(),
        name: organization.clone(),
        slug: organization,
        user_id: Some(identity.user_id.to_string()),
        user_email: Some(identity.email.clone()),
        user_name: Some(identity.name.clone()),
        user_avatar: None,
        user_status: Some("active".to_owned()),
        user_groups: Vec::new(),
        user_group_names: Vec::new(),
        role: identity.role.as_str().to_owned(),
    }))
}
