//! Reads of identity. Authentication is where an organization comes from, so these take none.

use drover_domain::{Doing, KeyId, OrgId, Result, UserId};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{api_key, moved_key, organization, user};

/// A key with its user, by the hash of its token.
pub async fn key_by_hash(
    db: &DatabaseConnection,
    hash: &[u8],
) -> Result<Option<(api_key::Model, user::Model)>> {
    let key = api_key::Entity::find()
        .filter(api_key::Column::TokenHash.eq(hash.to_vec()))
        .one(db)
        .await
        .doing("read an API key")?;
    let Some(key) = key else {
        return Ok(None);
    };
    let user = user::Entity::find_by_id(key.user_id).one(db).await.doing("read a user")?;
    Ok(user.map(|user| (key, user)))
}

/// An organization.
pub async fn organization_get(
    db: &DatabaseConnection,
    org: &OrgId,
) -> Result<Option<organization::Model>> {
    organization::Entity::find_by_id(org.as_str()).one(db).await.doing("read an organization")
}

/// Whether there is any organization; also the cheapest proof that the database answers.
pub async fn organization_any(db: &DatabaseConnection) -> Result<bool> {
    let one = organization::Entity::find().one(db).await.doing("read the organizations")?;
    Ok(one.is_some())
}

/// Those of these users that there are in an organization.
pub async fn users_among(
    db: &DatabaseConnection,
    org: &OrgId,
    ids: &[UserId],
) -> Result<Vec<user::Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    user::Entity::find()
        .filter(user::Column::OrganizationId.eq(org.as_str()))
        .filter(user::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(db)
        .await
        .doing("find users")
}

/// The keys of an organization, newest first.
pub async fn key_list(db: &DatabaseConnection, org: &OrgId) -> Result<Vec<api_key::Model>> {
    api_key::Entity::find()
        .filter(api_key::Column::OrganizationId.eq(org.as_str()))
        .order_by_desc(api_key::Column::Id)
        .limit(1000)
        .all(db)
        .await
        .doing("list API keys")
}

/// A key of an organization.
pub async fn key_get(
    db: &DatabaseConnection,
    org: &OrgId,
    id: KeyId,
) -> Result<Option<api_key::Model>> {
    api_key::Entity::find_by_id(id.0)
        .filter(api_key::Column::OrganizationId.eq(org.as_str()))
        .one(db)
        .await
        .doing("read an API key")
}

/// The public keys that organizations brought from other planes: read by the process itself, at its
/// start.
pub async fn moved_keys(db: &DatabaseConnection) -> Result<Vec<moved_key::Model>> {
    moved_key::Entity::find().all(db).await.doing("read the keys of other planes")
}
