//! Authentication: from a header to an identity (contract, auth §1). The only maker of an `OrgId`.

mod create_key;
mod list_keys;
mod moved_keys;
mod revoke_key;
mod validate;

pub(crate) use create_key::{NewKey, insert_key};
pub use moved_keys::MovedKeys;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use drover_domain::identity::{Identity, Role};
use drover_domain::{ActivityId, KeyId, OrgId, Result, UserId, micros};
use drover_store::identity::queries;
use drover_wire::auth as wire;
use subtle::ConstantTimeEq;

use crate::error::{Failure, unauthorized};
use crate::keys::token_hash;
use crate::plane::Plane;
use crate::routes::{Routes, from_loopback};

/// An API key as it is remembered: who it is, and until when.
pub struct Keyed {
    identity: Arc<Identity>,
    expires_at: Option<i64>,
}

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Validate, _, _>(validate::handler)
        .on::<wire::ListKeys, _, _>(list_keys::handler)
        .on::<wire::CreateKey, _, _>(create_key::handler)
        .on::<wire::RevokeKey, _, _>(revoke_key::handler)
}

/// The identity behind the request's credential, or the contract's 401.
pub(crate) async fn authenticate(
    plane: &Plane,
    headers: &HeaderMap,
) -> std::result::Result<Arc<Identity>, Response> {
    let Some(token) = credential(headers) else {
        return Err(unauthorized(
            "An API key is required",
            "Send it as `Authorization: Bearer <key>` or `UserKey: <key>`",
        ));
    };
    match identify(plane, token).await {
        Ok(Some(identity)) => Ok(identity),
        Ok(None) => Err(unauthorized(
            "The API key is not valid here, has expired or was revoked",
            "Use the key that `drover dev`, `drover quickstart` or `drover org create` printed",
        )),
        Err(error) => Err(axum::response::IntoResponse::into_response(Failure(error))),
    }
}

/// The holder of a lease, as its token says.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    /// Whose the run is.
    pub organization: OrgId,
    /// What is leased.
    pub activity: ActivityId,
    /// In which try.
    pub attempt: u32,
}

/// The holder of a lease whose token the request has, or the contract's 401.
pub(crate) fn holder(
    plane: &Plane,
    headers: &HeaderMap,
) -> std::result::Result<Holder, Box<Response>> {
    let signed = credential(headers).and_then(|token| plane.signing.verify_lease(token));
    let Some((organization, activity, attempt)) = signed else {
        return Err(Box::new(unauthorized(
            "The token of a lease is required",
            "Send the `variables_token` of the task as `Authorization: Bearer <token>`, at once",
        )));
    };
    Ok(Holder { organization: OrgId::new(organization), activity, attempt })
}

/// The refusal of a request that does not come from the operator: by the plane's own token, or, for
/// reading, from this machine.
pub(crate) fn operator(plane: &Plane, request: &Request) -> Option<Response> {
    let expected = plane.settings.operator_token.reveal().as_bytes();
    let token = credential(request.headers()).unwrap_or_default().as_bytes();
    let reading = request.method() == Method::GET;
    if bool::from(token.ct_eq(expected)) || (reading && from_loopback(request)) {
        return None;
    }
    Some(unauthorized(
        "The operator's token is required",
        "Send the content of `<data-dir>/admin.token` as `Authorization: Bearer <token>`",
    ))
}

/// The token of the four header forms (contract, auth §1.1).
fn credential(headers: &HeaderMap) -> Option<&str> {
    let from_authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| match value.split_once(' ') {
            Some((scheme, token)) => {
                let known = ["bearer", "userkey", "baerer"];
                let known = known.iter().any(|one| scheme.eq_ignore_ascii_case(one));
                (known && !token.is_empty()).then_some(token)
            }
            None => (!value.is_empty()).then_some(value),
        });
    from_authorization
        .or_else(|| headers.get("userkey").and_then(|value| value.to_str().ok()))
        .filter(|token| !token.is_empty())
}

async fn identify(plane: &Plane, token: &str) -> Result<Option<Arc<Identity>>> {
    let hash = token_hash(token);
    let read = async {
        // The signature first: a made-up token costs no look into the database.
        let signed = plane.signing.verify(token).or_else(|| plane.moved_keys.verify(token));
        let Some((key_id, organization)) = signed else {
            return Ok(None);
        };
        let found = queries::key_by_hash(plane.store.reader(), &hash).await?;
        let Some((key, user)) = found.filter(|(key, _)| key.revoked_at.is_none()) else {
            return Ok(None);
        };
        let Some(role) = Role::parse(&key.role) else {
            return Ok(None);
        };
        if KeyId(key.id) != key_id || key.organization_id != organization {
            return Ok(None);
        }
        let organization = OrgId::new(key.organization_id);
        let identity = Identity {
            organization: organization.clone(),
            user_id: UserId(user.id),
            email: user.email,
            name: user.name,
            role,
            key_id,
        };
        let keyed = Keyed { identity: Arc::new(identity), expires_at: key.expires_at };
        Ok(Some((organization, keyed)))
    };
    let keyed = plane.caches.keys.get_or_read(&hash, read).await?;
    let now = micros(plane.clock.now());
    Ok(keyed
        .filter(|keyed| keyed.expires_at.is_none_or(|expires| now < expires))
        .map(|keyed| keyed.identity.clone()))
}
